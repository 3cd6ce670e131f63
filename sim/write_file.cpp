#include "sim/write_file.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>

namespace simrun {
namespace {

constexpr const char* unfinished = ".simrun-part";

}  // namespace

void write_file(const std::string& file, const std::string& text) {
  // Processes of several machines may write the same file, so their numbers tell them not apart.
  std::random_device random;
  const std::string temporary = file + "." + std::to_string(random()) + unfinished;
  std::FILE* out = std::fopen(temporary.c_str(), "wbx");
  bool good = out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0;
  int cause = errno;
  if (out != nullptr && std::fclose(out) != 0 && good) {
    good = false;
    cause = errno;
  }
  if (good && std::rename(temporary.c_str(), file.c_str()) != 0) {
    good = false;
    cause = errno;
  }
  if (good) return;
  if (out != nullptr) std::remove(temporary.c_str());
  throw WriteError("cannot write " + file + ": " + std::strerror(cause));
}

void remove_leftovers(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == unfinished) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace simrun
