#include "sim/system/data_path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "sim/text/error.hpp"

namespace simrun {

namespace fs = std::filesystem;

std::string data_root() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path installed = program.parent_path().parent_path() / "share" / "simrun";
  return fs::is_directory(installed, ignored) ? installed.string() : SIMRUN_SOURCE_DIR;
}

std::optional<std::string> find_file(const std::string& name, const std::string& folder) {
  std::error_code ignored;
  if (fs::path(name).is_absolute()) return fs::exists(name, ignored) ? std::optional(name) : std::nullopt;
  for (const fs::path& base : {fs::path(folder), fs::path(), fs::path(data_root())}) {
    const fs::path candidate = base / name;
    if (fs::exists(candidate, ignored)) return candidate.lexically_normal().string();
  }
  return std::nullopt;
}

std::optional<std::string> file_in(const std::string& folder, const std::string& name) {
  std::error_code ignored;
  const fs::path file = fs::path(folder) / name;
  return fs::exists(file, ignored) ? std::optional(file.string()) : std::nullopt;
}

std::string why_unreadable(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::string("cannot be opened: ") + std::strerror(errno);
  if (S_ISDIR(status.st_mode)) return "is a folder";
  if (!S_ISREG(status.st_mode)) return "is not a regular file";
  if (::access(file.c_str(), R_OK) != 0) return std::string("cannot be opened: ") + std::strerror(errno);
  return {};
}

void check_writable(const std::string& file) {
  const auto fail = [&](const std::string& wrong) {
    throw InputError("command line", "--out", "\"" + file + "\" " + wrong, "accepted: a file that can be written");
  };
  if (file.empty()) fail("names no file");
  std::error_code failed;
  const fs::file_status status = fs::status(file, failed);
  if (fs::is_directory(status)) fail("is a folder");
  if (fs::exists(status) && !fs::is_regular_file(status)) fail("is not a regular file");
  const fs::path parent = fs::path(file).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  if (!fs::is_directory(folder, failed)) fail("cannot be written: there is no folder " + folder);
  const std::string trial = file + "." + std::to_string(::getpid()) + ".part";
  std::FILE* made = std::fopen(trial.c_str(), "wbx");
  if (made == nullptr) fail(std::string("cannot be written: ") + std::strerror(errno));
  std::fclose(made);
  std::remove(trial.c_str());
}

std::optional<CachePlace> cache_place() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return CachePlace{cache, "simrun"};
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return CachePlace{home, ".cache/simrun"};
  return std::nullopt;
}

std::string name_of_scenario(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  const bool is_dots = stem.find_first_not_of('.') == std::string::npos;
  return is_dots || stem == ".json" ? "scenario" : stem;
}

void check_replaceable(const std::string& file) {
  std::error_code missing;
  const fs::file_status status = fs::symlink_status(file, missing);
  if (!fs::exists(status) || fs::is_regular_file(status) || fs::is_symlink(status)) return;
  throw InputError("command line", "--out",
                   "\"" + file + "\" is " + (fs::is_directory(status) ? "a folder" : "not a regular file"),
                   "accepted: a folder in which that name is free, or a file's");
}

std::vector<std::string> json_names(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace simrun
