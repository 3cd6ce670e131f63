// One fp32 scale, finite and not negative, for each bucket of elements, and then whole numbers with a sign, one an
// element: two's complement in 2 to 8 bits, 32 elements in as many words: codes.hpp. The format tells how many bits,
// and how many elements share a scale: LevelsFormat.

#include <algorithm>

#include "kernels/byte_view.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

constexpr unsigned least_log_bucket = 5;  // so that a bucket begins with a word
constexpr unsigned most_log_bucket = 31;

bool knows(Format format) {
  const LevelsFormat levels = LevelsFormat::of(format);
  return levels.bits >= 2 &&
         (levels.log_bucket == 0 || (levels.log_bucket >= least_log_bucket && levels.log_bucket <= most_log_bucket));
}

std::uint64_t grain(Format format) {
  return std::uint64_t{1} << std::max(LevelsFormat::of(format).log_bucket, least_log_bucket);
}

std::uint64_t scale_bytes(std::uint64_t entries, Format format) {
  return LevelsFormat::of(format).buckets(entries) * sizeof(float);
}

std::uint64_t size(std::uint64_t entries, Format format) {
  return scale_bytes(entries, format) + code_bytes(entries, LevelsFormat::of(format).bits);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format format) {
  const std::uint64_t before = scale_bytes(entries, format);
  const auto scales = view_as<float>(values.first(before));
  const auto bad = std::ranges::find_if_not(scales, is_scale);
  if (bad != scales.end())
    return Flaw{static_cast<std::size_t>(bad - scales.begin()) * sizeof(float),
                "a scale is not a finite number, or has a sign"};
  std::optional<Flaw> flaw = check_codes(values.subspan(before), entries, LevelsFormat::of(format).bits);
  if (flaw) flaw->at += before;
  return flaw;
}

/// Bytes of scales of the whole payload that a piece is of, whose number of elements follows from its words: a bucket
/// is a scale and at most `whole` words of levels.
std::size_t scale_bytes_of(const Piece& piece, LevelsFormat levels) {
  if (levels.log_bucket == 0) return sizeof(float);
  const std::uint64_t words = piece.values.size() / sizeof(float);
  const std::uint64_t whole = (std::uint64_t{1} << (levels.log_bucket - least_log_bucket)) * levels.bits;
  return (words + whole) / (whole + 1) * sizeof(float);
}

void append(std::span<const Piece> pieces, Format format, std::vector<std::byte>& out) {
  const LevelsFormat levels = LevelsFormat::of(format);
  std::vector<Piece> codes(pieces.begin(), pieces.end());
  if (levels.log_bucket == 0) append_common(pieces, sizeof(float), out);
  for (Piece& piece : codes) {
    const std::size_t before = scale_bytes_of(piece, levels);
    if (levels.log_bucket != 0) {
      const std::uint64_t first = piece.first >> levels.log_bucket;
      const auto scales = piece.values.subspan(first * sizeof(float), scale_bytes(piece.last - piece.first, format));
      out.insert(out.end(), scales.begin(), scales.end());
    }
    piece.values = piece.values.subspan(before);
  }
  append_codes(codes, 0, levels.bits, out);
}

}  // namespace

std::uint64_t LevelsFormat::buckets(std::uint64_t elements) const {
  return log_bucket == 0 ? 1 : (elements + (std::uint64_t{1} << log_bucket) - 1) >> log_bucket;
}

LayoutEntry levels_layout() {
  return {.kind = PayloadKind::levels,
          .name = "levels",
          .entries = "levels",
          .knows = knows,
          .grain = grain,
          .size = size,
          .first_array = scale_bytes,
          .check = check,
          .append = append};
}

LevelsView view_levels(const Payload& payload) {
  std::vector<std::uint32_t> none;
  const auto values = view_body(payload, PayloadKind::levels, none).values;
  const std::uint64_t before = scale_bytes(payload.elements(), payload.header().format);
  return {view_as<float>(values.first(before)), view_as<std::uint32_t>(values.subspan(before))};
}

}  // namespace simrun
