// One fp32 scale for all elements, finite and not negative, and then the signs of N elements as signs.cpp has them.

#include <algorithm>
#include <cstring>

#include "kernels/byte_view.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

constexpr std::size_t scale_bytes = sizeof(float);

std::uint64_t size(std::uint64_t entries) {
  return scale_bytes + signs_layout().size(entries);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries) {
  constexpr std::uint32_t infinity = 0x7F800000;  // as bits, finite numbers without a sign are below
  if (view_as<std::uint32_t>(values.first(scale_bytes)).front() >= infinity)
    return Flaw{0, "the scale is not a finite number, or has a sign"};
  std::optional<Flaw> flaw = signs_layout().check(values.subspan(scale_bytes), entries);
  if (flaw) flaw->at += scale_bytes;
  return flaw;
}

void append(std::span<const Piece> pieces, std::vector<std::byte>& out) {
  const auto scale = pieces.front().values.first(scale_bytes);
  out.insert(out.end(), scale.begin(), scale.end());
  std::vector<Piece> signs(pieces.begin(), pieces.end());
  for (Piece& piece : signs) {
    if (!std::ranges::equal(piece.values.first(scale_bytes), scale))
      throw PayloadError("scaled signs of different scales cannot be joined");
    piece.values = piece.values.subspan(scale_bytes);
  }
  signs_layout().append(signs, out);
}

}  // namespace

LayoutEntry scaled_signs_layout() {
  return {.kind = PayloadKind::scaled_signs,
          .name = "scaled-signs",
          .entries = "signs",
          .grain = 32,
          .size = size,
          .check = check,
          .append = append};
}

ScaledSignsView view_scaled_signs(const Payload& payload) {
  std::vector<std::uint32_t> none;
  const auto values = view_body(payload, PayloadKind::scaled_signs, none).values;
  return {view_as<float>(values.first(scale_bytes)).front(), view_as<std::uint32_t>(values.subspan(scale_bytes))};
}

}  // namespace simrun
