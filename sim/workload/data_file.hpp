#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sim/text/open_file.hpp"

namespace simrun {

/// A regular file that is read at any place. Several threads may read at once.
class DataFile {
 public:
  /// Throws std::system_error if it cannot be opened, std::runtime_error if it is no regular file.
  explicit DataFile(const std::string& path);

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Reads the bytes from `at` on. Throws InputError, as of `data`, where they cannot be read or the file ends.
  void read(std::uint64_t at, std::span<std::byte> out) const;

  /// Throws the InputError of a mistake in the file itself.
  [[noreturn]] void refuse(const std::string& where, const std::string& wrong, const std::string& accepted) const;

 private:
  std::string path_;
  OpenFile open_;
  std::uint64_t size_ = 0;
};

/// A little-endian integer of as many bytes as there are, at most 8.
std::uint64_t little_endian(std::span<const std::byte> bytes);

}  // namespace simrun
