#include "sim/workload/deflated_data.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>

#include "sim/workload/data_file.hpp"

namespace simrun {
namespace {

constexpr std::size_t window_size = 1 << 15;      // how far back deflated data refer
constexpr std::uint64_t point_span = 4ULL << 20;  // inflated bytes between two points, at least
constexpr const char* sound_archive = "a zip archive that is not damaged";

Bytef* zlib_bytes(std::byte* bytes) {
  return reinterpret_cast<Bytef*>(bytes);
}

/// zlib at work on the deflated data of a file.
class Inflation {
 public:
  Inflation(const DataFile& file, const DeflatedData::Place& place, std::uint64_t in)
      : file_(file), place_(place), in_(in) {
    if (::inflateInit2(&stream_, -15) != Z_OK) throw std::bad_alloc();
  }
  ~Inflation() { ::inflateEnd(&stream_); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;

  void begin_within(int bits, std::span<const std::byte> window) {
    if (bits > 0) {
      std::byte last{};
      file_.read(place_.begin + in_ - 1, {&last, 1});
      ::inflatePrime(&stream_, bits, std::to_integer<int>(last) >> (8 - bits));
    }
    const auto* dictionary = reinterpret_cast<const Bytef*>(window.data());
    ::inflateSetDictionary(&stream_, dictionary, static_cast<uInt>(window.size()));
  }

  /// Inflates until `out` is full, a block ends (with Z_BLOCK) or all has ended; returns how many bytes.
  std::size_t inflate(std::span<std::byte> out, int flush) {
    stream_.next_out = zlib_bytes(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    do {
      if (stream_.avail_in == 0) refill();
      const int code = ::inflate(&stream_, flush);
      ended_ = code == Z_STREAM_END;
      const bool is_stuck = code == Z_BUF_ERROR && stream_.avail_in == 0 && in_ == place_.stored;
      if (is_stuck) refuse("deflated data end too early");
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        refuse(std::string("is damaged: ") + (stream_.msg != nullptr ? stream_.msg : "not deflated data"));
    } while (stream_.avail_out > 0 && !ended_ && !(flush == Z_BLOCK && at_block()));
    return out.size() - stream_.avail_out;
  }

  void fill(std::span<std::byte> out) {
    while (!out.empty()) {
      const auto piece = out.first(std::min<std::size_t>(out.size(), 1U << 30));
      if (inflate(piece, Z_NO_FLUSH) < piece.size()) refuse("deflated data end too early");
      out = out.subspan(piece.size());
    }
  }

  bool ended() const { return ended_; }

  /// After inflate() with Z_BLOCK: a block has ended and another follows.
  bool at_block() const { return (stream_.data_type & 128) != 0 && (stream_.data_type & 64) == 0; }

  std::uint64_t consumed() const { return in_ - stream_.avail_in; }
  int bits() const { return stream_.data_type & 7; }

  [[noreturn]] void refuse(const std::string& wrong) const { file_.refuse(place_.where, wrong, sound_archive); }

 private:
  void refill() {
    const std::uint64_t count = std::min<std::uint64_t>(input_.size(), place_.stored - in_);
    file_.read(place_.begin + in_, std::span(input_).first(count));
    in_ += count;
    stream_.next_in = zlib_bytes(input_.data());
    stream_.avail_in = static_cast<uInt>(count);
  }

  const DataFile& file_;
  const DeflatedData::Place& place_;
  std::uint64_t in_;  ///< deflated bytes given to zlib
  z_stream stream_{};
  bool ended_ = false;
  std::array<std::byte, 1 << 16> input_;
};

}  // namespace

void DeflatedData::read(const DataFile& file, std::uint64_t at, std::span<std::byte> out) const {
  std::call_once(found_, [&] { find_points(file); });
  const auto after = std::upper_bound(points_.begin(), points_.end(), at,
                                      [](std::uint64_t wanted, const Point& point) { return wanted < point.at; });
  static const Point beginning;
  read_from(after == points_.begin() ? beginning : *(after - 1), file, at, out);
}

void DeflatedData::read_start(const DataFile& file, std::span<std::byte> out) const {
  read_from(Point{}, file, 0, out);
}

void DeflatedData::read_from(const Point& point, const DataFile& file, std::uint64_t at,
                             std::span<std::byte> out) const {
  const auto inflation = std::make_unique<Inflation>(file, place_, point.in);
  if (point.at > 0) inflation->begin_within(point.bits, point.window);
  std::vector<std::byte> skipped(1 << 16);
  for (std::uint64_t left = at - point.at; left > 0;) {
    const auto piece = std::span(skipped).first(std::min<std::uint64_t>(left, skipped.size()));
    inflation->fill(piece);
    left -= piece.size();
  }
  inflation->fill(out);
}

void DeflatedData::find_points(const DataFile& file) const {
  const auto inflation = std::make_unique<Inflation>(file, place_, 0);
  std::vector<std::byte> window(window_size);  // filled round and round: what is before `filled` is newest
  std::size_t filled = 0;
  std::uint64_t size = 0;
  uLong crc = ::crc32(0, nullptr, 0);
  points_.clear();
  while (!inflation->ended()) {
    if (filled == window.size()) filled = 0;
    const auto piece = std::span(window).subspan(filled);
    const std::size_t count = inflation->inflate(piece, Z_BLOCK);
    crc = ::crc32(crc, zlib_bytes(piece.data()), static_cast<uInt>(count));
    filled += count;
    size += count;
    if (size > place_.size) inflation->refuse("inflates to more than " + std::to_string(place_.size) + " bytes");
    if (!inflation->at_block() || size < (points_.empty() ? 0 : points_.back().at) + point_span) continue;
    Point point{.at = size, .in = inflation->consumed(), .bits = inflation->bits(), .window = window};
    std::rotate(point.window.begin(), point.window.begin() + static_cast<std::ptrdiff_t>(filled), point.window.end());
    points_.push_back(std::move(point));
  }
  if (size != place_.size)
    inflation->refuse("inflates to " + std::to_string(size) + " bytes, not " + std::to_string(place_.size));
  if (crc != place_.crc) inflation->refuse("is damaged: another checksum than the archive says");
}

}  // namespace simrun
