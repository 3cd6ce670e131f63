#include "sim/system/file_reading.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "sim/text/open_file.hpp"

namespace simrun {
namespace {

OpenFile open_regular(const std::string& file) {
  OpenFile open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));  // a pipe must not make us wait
  struct stat about {};
  if (open && (::fstat(open.number(), &about) != 0 || !S_ISREG(about.st_mode))) open.close();
  return open;
}

}  // namespace

bool read_all(int file, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::read(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

std::optional<std::string> read_regular_file(const std::string& file, std::size_t most) {
  const OpenFile open = open_regular(file);
  struct stat about {};
  if (!open || ::fstat(open.number(), &about) != 0) return std::nullopt;
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size > most) return std::nullopt;
  std::string text(size, '\0');
  if (!read_all(open.number(), std::as_writable_bytes(std::span(text)))) return std::nullopt;
  return text;
}

void read_lines(const std::string& file, const std::function<void(std::string_view line)>& on_line) {
  constexpr std::size_t longest = 16'000'000;
  const OpenFile open = open_regular(file);
  std::vector<char> buffer(1U << 18);
  std::string text;  // read, and not handed over yet
  while (open && text.size() <= longest) {
    const ssize_t count = ::read(open.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      on_line(std::string_view(text).substr(begin, end - begin));
    text.erase(0, begin);
  }
}

bool regular_file_begins_with(const std::string& file, const std::string& bytes) {
  const OpenFile open = open_regular(file);
  std::string found(bytes.size(), '\0');
  return open && read_all(open.number(), std::as_writable_bytes(std::span(found))) && found == bytes;
}

bool is_hexadecimal_name(const std::string& name, std::size_t digits, const std::string& ending) {
  if (name.size() != digits + ending.size() || !name.ends_with(ending)) return false;
  return std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(digits),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace simrun
