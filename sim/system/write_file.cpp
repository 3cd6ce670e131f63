#include "sim/system/write_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <span>

#include "sim/text/open_file.hpp"

namespace simrun {
namespace {

constexpr std::string_view unfinished = ".simrun-part";
constexpr auto regular = std::filesystem::file_type::regular;

/// NAME.NUMBER.simrun-part
bool is_name_of_unfinished(std::string_view name) {
  if (!name.ends_with(unfinished)) return false;
  name.remove_suffix(unfinished.size());
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && dot + 1 < name.size() &&
         name.find_first_not_of("0123456789", dot + 1) == std::string_view::npos;
}

[[noreturn]] void cannot_write(const std::string& file, int cause) {
  throw WriteError("cannot write " + file + ": " + std::strerror(cause));
}

}  // namespace

void write_file(const std::string& file, const std::string& text) {
  // Processes of several machines may write the same file, so their numbers tell them not apart.
  std::random_device random;
  const std::string temporary = file + "." + std::to_string(random()) + std::string(unfinished);
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
  cannot_write(file, cause);
}

void append_to_file(const std::string& file, std::string_view text) {
  const int out = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (out < 0) cannot_write(file, errno);
  struct stat before {};
  ::fstat(out, &before);
  bool good = write_all(out, std::as_bytes(std::span(text)));
  int cause = errno;
  if (!good && ::ftruncate(out, before.st_size) == 0 && before.st_size == 0) ::unlink(file.c_str());
  if (::close(out) != 0 && good) {
    good = false;
    cause = errno;
  }
  if (!good) cannot_write(file, cause);
}

void remove_leftovers(const std::string& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (is_name_of_unfinished(entry.path().filename().string()) && entry.symlink_status(ignored).type() == regular)
      std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace simrun
