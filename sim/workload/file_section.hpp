#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace simrun {

class DataFile;
class DeflatedData;

/// A part of a file, as it lies there or deflated, that is read at any place. Knows the file's name only: the file may
/// be closed and opened again between two reads. Several threads may read at once.
class FileSection {
 public:
  FileSection() = default;

  /// Bytes as they lie in the file.
  FileSection(std::uint64_t begin, std::uint64_t size) : begin_(begin), size_(size) {}

  /// What `stored` bytes inflate to (raw deflate, as members of zip archives have it): `size` bytes with this CRC-32,
  /// which is checked when data are first read. `where` names it in messages.
  static FileSection deflated(std::uint64_t begin, std::uint64_t stored, std::uint64_t size, std::uint32_t crc,
                              std::string where);

  /// Of the data, inflated.
  std::uint64_t size() const { return size_; }

  /// Reads bytes from `at` on, which are within the section. Throws InputError.
  void read(const DataFile& file, std::uint64_t at, std::span<std::byte> out) const;

  /// Reads the first bytes, as few as need be read for that.
  void read_start(const DataFile& file, std::span<std::byte> out) const;

  /// The rest of the section from `offset` on.
  FileSection from(std::uint64_t offset) const;

 private:
  std::uint64_t begin_ = 0;  ///< in the file, or in the inflated data
  std::uint64_t size_ = 0;
  std::shared_ptr<const DeflatedData> inflated_;  ///< none: as it lies in the file
};

}  // namespace simrun
