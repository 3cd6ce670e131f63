// One fp32 scale for all elements, finite and not negative, and then the signs of N elements as signs.cpp has them.

#include "kernels/byte_view.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

constexpr std::size_t scale_bytes = sizeof(float);

std::uint64_t size(std::uint64_t entries, Format) {
  return scale_bytes + code_bytes(entries, 1);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format) {
  if (!is_scale(view_as<float>(values.first(scale_bytes)).front()))
    return Flaw{0, "the scale is not a finite number, or has a sign"};
  std::optional<Flaw> flaw = check_codes(values.subspan(scale_bytes), entries, 1);
  if (flaw) flaw->at += scale_bytes;
  return flaw;
}

void append(std::span<const Piece> pieces, Format, std::vector<std::byte>& out) {
  append_common(pieces, scale_bytes, out);
  append_codes(pieces, scale_bytes, 1, out);
}

}  // namespace

LayoutEntry scaled_signs_layout() {
  return {.kind = PayloadKind::scaled_signs,
          .name = "scaled-signs",
          .entries = "signs",
          .grain = whole_words,
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
