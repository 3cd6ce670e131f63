// The signs of N elements: ceil(N/32) uint32 words, element i in bit i%32 of word i/32, 1 = negative, padding bits 0.

#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

std::uint64_t size(std::uint64_t entries) {
  return sign_words(entries) * word_bytes;
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries) {
  if (entries % 32 == 0) return std::nullopt;
  const std::size_t last = values.size() - word_bytes;
  if (load_word(values.data() + last) >> (entries % 32) == 0) return std::nullopt;
  return Flaw{last, "a padding bit is set"};
}

void append(std::span<const Piece> pieces, std::vector<std::byte>& out) {
  for (const Piece& piece : pieces) {
    const auto words = piece.values.subspan(size(piece.first), size(piece.last - piece.first));
    out.insert(out.end(), words.begin(), words.end());
  }
  const std::uint64_t in_last = (pieces.back().last - pieces.back().first) % 32;
  if (in_last == 0) return;
  std::byte* const word = &out.back() - (word_bytes - 1);
  store_word(word, load_word(word) & ((1U << in_last) - 1));
}

}  // namespace

LayoutEntry signs_layout() {
  return {.kind = PayloadKind::signs,
          .name = "signs",
          .entries = "signs",
          .grain = 32,
          .size = size,
          .check = check,
          .append = append};
}

}  // namespace simrun
