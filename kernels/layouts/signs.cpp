// The signs of N elements: ceil(N/32) uint32 words, element i in bit i%32 of word i/32, 1 = negative, padding bits 0.

#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {

LayoutEntry signs_layout() {
  return {.kind = PayloadKind::signs,
          .name = "signs",
          .entries = "signs",
          .grain = whole_words,
          .size = [](std::uint64_t entries, Format) { return code_bytes(entries, 1); },
          .check = [](std::span<const std::byte> values, std::uint64_t entries,
                      Format) { return check_codes(values, entries, 1); },
          .append = [](std::span<const Piece> pieces, Format,
                       std::vector<std::byte>& out) { append_codes(pieces, 0, 1, out); }};
}

}  // namespace simrun
