#include "sim/workload/data_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "sim/text/error.hpp"

namespace simrun {

DataFile::DataFile(const std::string& path)
    : path_(path), open_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {  // a pipe: do not wait
  struct stat about {};
  if (!open_ || ::fstat(open_.number(), &about) < 0) throw std::system_error(errno, std::generic_category());
  if (S_ISDIR(about.st_mode)) throw std::system_error(EISDIR, std::generic_category());
  if (!S_ISREG(about.st_mode)) throw std::runtime_error("not a regular file");
  size_ = static_cast<std::uint64_t>(about.st_size);
}

void DataFile::read(std::uint64_t at, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t n = ::pread(open_.number(), out.data(), out.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse("data", "cannot be read: " + std::generic_category().message(errno), "a file that can be read");
    if (n == 0) refuse("data", "ends at byte " + std::to_string(at), "a file that does not change while it is read");
    out = out.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

void DataFile::refuse(const std::string& where, const std::string& wrong, const std::string& accepted) const {
  throw InputError(path_, where, wrong, "accepted: " + accepted);
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

}  // namespace simrun
