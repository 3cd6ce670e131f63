#pragma once

#include <unistd.h>

#include <cstddef>
#include <span>
#include <utility>

namespace simrun {

/// A file descriptor, closed with the object. False where opening failed; errno says why.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int number) : number_(number) {}
  OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~OpenFile() { close(); }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

/// Reads or writes all of it; false where that cannot be.
bool read_all(int file, std::span<std::byte> bytes);
bool write_all(int file, std::span<const std::byte> bytes);

}  // namespace simrun
