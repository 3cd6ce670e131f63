// N values, one after another: fp32, or IEEE half precision. Payloads of nothing else are the bare array.

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

}  // namespace simrun
