// A bit an element as signs.cpp has them, set where the element is an entry of a count sketch, and then the counters of
// that (kernels/count_sketch.hpp), fp32, column after column. The format tells how many columns there are for every
// 4096 elements: SketchFormat. Columns are what the payload counts as its entries.

#include "kernels/byte_view.hpp"
#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

bool knows(Format format) {
  return format >= 1 && format <= SketchFormat::most;
}

std::uint64_t kept(std::uint64_t elements, Format format) {
  return SketchFormat::columns(elements, format);
}

std::uint64_t grain(Format) {
  return SketchFormat::elements;
}

std::uint64_t bit_bytes(std::uint64_t elements, Format) {
  return code_bytes(elements, 1);
}

std::uint64_t counter_bytes(std::uint64_t elements, Format format) {
  return kept(elements, format) * sketch_rows * sizeof(float);
}

std::uint64_t size(std::uint64_t elements, Format format) {
  return code_bytes(elements, 1) + counter_bytes(elements, format);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t elements, Format) {
  return check_codes(values.first(code_bytes(elements, 1)), elements, 1);
}

/// Bytes of the bits in all values of a payload: the first words of bits whose elements, 32 each, have values of so
/// many bytes or more.
std::uint64_t bits_before(std::span<const std::byte> values, Format format) {
  const std::uint64_t bytes = values.size();
  const std::uint64_t columns = std::uint64_t{format} * sketch_rows * sizeof(float);
  const std::uint64_t rounded_up = sketch_rows * sizeof(float);  // at most so many bytes more than in proportion
  constexpr std::uint64_t whole = SketchFormat::elements / 32;
  std::uint64_t words = bytes < rounded_up ? 0 : (bytes - rounded_up) * whole / (whole * word_bytes + columns);
  while (size(32 * words, format) < bytes) ++words;
  return words * word_bytes;
}

void append(std::span<const Piece> pieces, Format format, std::vector<std::byte>& out) {
  append_codes(pieces, 0, 1, out);
  for (const Piece& piece : pieces) {
    const auto counters = piece.values.subspan(bits_before(piece.values, format));
    const auto own =
        counters.subspan(counter_bytes(piece.first, format), counter_bytes(piece.last - piece.first, format));
    out.insert(out.end(), own.begin(), own.end());
  }
}

}  // namespace

LayoutEntry sketch_layout() {
  return {.kind = PayloadKind::sketch,
          .name = "sketch",
          .entries = "columns",
          .knows = knows,
          .kept = kept,
          .grain = grain,
          .size = size,
          .first_array = bit_bytes,
          .check = check,
          .append = append};
}

SketchView view_sketch(const Payload& payload) {
  std::vector<std::uint32_t> none;
  const auto values = view_body(payload, PayloadKind::sketch, none).values;
  const std::uint64_t before = code_bytes(payload.elements(), 1);
  return {view_as<std::uint32_t>(values.first(before)), view_as<float>(values.subspan(before))};
}

std::vector<std::uint32_t> SketchView::indices() const {
  std::vector<std::uint32_t> all;
  all.reserve(count_bits(std::as_bytes(words)));
  for_each_bit(std::as_bytes(words), [&](std::uint64_t index) { all.push_back(static_cast<std::uint32_t>(index)); });
  return all;
}

}  // namespace simrun
