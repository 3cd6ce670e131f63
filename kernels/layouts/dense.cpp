// N values, one after another: fp32, IEEE half precision or bfloat16. Payloads of nothing else are the bare array.

#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

template <std::uint64_t width>
std::uint64_t size(std::uint64_t entries, Format) {
  return entries * width;
}

template <std::uint64_t width>
void append(std::span<const Piece> pieces, Format, std::vector<std::byte>& out) {
  for (const Piece& piece : pieces) {
    const auto values = piece.values.subspan(piece.first * width, (piece.last - piece.first) * width);
    out.insert(out.end(), values.begin(), values.end());
  }
}

}  // namespace

LayoutEntry dense32_layout() {
  return {.kind = PayloadKind::dense32,
          .name = "dense32",
          .entries = "values",
          .bare = true,
          .size = size<4>,
          .append = append<4>};
}

LayoutEntry dense16_layout() {
  return {.kind = PayloadKind::dense16,
          .name = "dense16",
          .entries = "values",
          .bare = true,
          .size = size<2>,
          .append = append<2>};
}

LayoutEntry dense_bf16_layout() {
  return {.kind = PayloadKind::dense_bf16,
          .name = "dense-bf16",
          .entries = "values",
          .bare = true,
          .size = size<2>,
          .append = append<2>};
}

PayloadKind dense_kind(Precision precision) {
  switch (precision) {
    case Precision::fp16:
      return PayloadKind::dense16;
    case Precision::bf16:
      return PayloadKind::dense_bf16;
    case Precision::fp32:
      break;
  }
  return PayloadKind::dense32;
}

Precision precision_of(PayloadKind dense) {
  if (dense == PayloadKind::dense16) return Precision::fp16;
  return dense == PayloadKind::dense_bf16 ? Precision::bf16 : Precision::fp32;
}

}  // namespace simrun
