#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace simrun {

/// The contents of a NumPy file of a one-dimensional array of float32, as numpy.save writes it (format 1.0).
std::string npy_of(std::span<const float> values);

/// A NumPy file (.npy, format 1.0 to 3.0) of one one-dimensional array of little-endian float32 or float16.
class NpyFile {
 public:
  /// Opens the file and checks that its header promises, and its size holds, exactly `elements` elements. Throws
  /// std::system_error if it cannot be opened, InputError (of `path` itself) if its contents are not as they should be.
  NpyFile(const std::string& path, std::uint64_t elements);
  ~NpyFile();
  NpyFile(const NpyFile&) = delete;
  NpyFile& operator=(const NpyFile&) = delete;

  /// Reads the elements from `first` on. Safe to use from several threads at once. Throws InputError.
  void read(std::uint64_t first, std::span<float> out) const;

  /// True if no element is anything but 0. Reads no further than to the first that is. Throws InputError.
  bool is_all_zeros() const;

 private:
  void read_bytes(std::uint64_t at, std::span<std::byte> out) const;
  std::string read_header_text(std::uint64_t file_size);
  void read_header(std::uint64_t file_size, std::uint64_t elements);

  std::string path_;
  int descriptor_;
  std::uint64_t data_begin_ = 0;
  std::uint64_t element_size_ = 0;
  std::uint64_t elements_;
};

}  // namespace simrun
