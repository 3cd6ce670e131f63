#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace simrun {

class DataFile;

/// Deflated data in a file (RFC 1951), inflated at any place. The first read inflates all of it once, checks its size
/// and CRC-32, and keeps a point to begin at in every few MB; each later read inflates from the point before it.
/// Several threads may read at once. Source of the points: zran.c of zlib's examples, by Mark Adler.
class DeflatedData {
 public:
  struct Place {
    std::uint64_t begin;   ///< in the file
    std::uint64_t stored;  ///< bytes in the file
    std::uint64_t size;    ///< inflated
    std::uint32_t crc;     ///< of the inflated data
    std::string where;     ///< in messages
  };
  explicit DeflatedData(Place place) : place_(std::move(place)) {}

  /// Throws InputError.
  void read(const DataFile& file, std::uint64_t at, std::span<std::byte> out) const;

  /// Reads the first bytes and looks at no more.
  void read_start(const DataFile& file, std::span<std::byte> out) const;

 private:
  /// Where inflating may begin.
  struct Point {
    std::uint64_t at = 0;           ///< in the inflated data
    std::uint64_t in = 0;           ///< bytes of the deflated data before it
    int bits = 0;                   ///< of the last of them that belong to what follows
    std::vector<std::byte> window;  ///< what is inflated right before it
  };

  void find_points(const DataFile& file) const;
  void read_from(const Point& point, const DataFile& file, std::uint64_t at, std::span<std::byte> out) const;

  Place place_;
  mutable std::once_flag found_;
  mutable std::vector<Point> points_;  ///< but for the one at the beginning
};

}  // namespace simrun
