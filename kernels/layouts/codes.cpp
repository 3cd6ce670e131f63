#include "kernels/layouts/codes.hpp"

#include <algorithm>
#include <bit>

#include "kernels/index_codings/bits.hpp"

namespace simrun {

std::uint64_t code_bytes(std::uint64_t elements, unsigned bits) {
  return code_words(elements, bits) * word_bytes;
}

std::optional<Flaw> check_codes(std::span<const std::byte> codes, std::uint64_t elements, unsigned bits) {
  const std::uint64_t in_last = elements * bits % 32;
  if (in_last == 0) return std::nullopt;
  const std::size_t last = codes.size() - word_bytes;
  if (load_word(codes.data() + last) >> in_last == 0) return std::nullopt;
  return Flaw{last, "a padding bit is set"};
}

void append_codes(std::span<const Piece> pieces, std::size_t before, unsigned bits, std::vector<std::byte>& out) {
  for (const Piece& piece : pieces) {
    const auto codes =
        piece.values.subspan(before + code_bytes(piece.first, bits), code_bytes(piece.last - piece.first, bits));
    out.insert(out.end(), codes.begin(), codes.end());
  }
  const std::uint64_t in_last = (pieces.back().last - pieces.back().first) * bits % 32;
  if (in_last == 0) return;
  std::byte* const word = &out.back() - (word_bytes - 1);
  store_word(word, load_word(word) & ((1U << in_last) - 1));
}

void append_common(std::span<const Piece> pieces, std::size_t bytes, std::vector<std::byte>& out) {
  const auto common = pieces.front().values.first(bytes);
  out.insert(out.end(), common.begin(), common.end());
  for (const Piece& piece : pieces) {
    if (!std::ranges::equal(piece.values.first(bytes), common))
      throw PayloadError("payloads of different scales cannot be joined");
  }
}

bool is_scale(float value) {
  constexpr std::uint32_t infinity = 0x7F800000;  // as bits, finite numbers without a sign are below
  return std::bit_cast<std::uint32_t>(value) < infinity;
}

std::uint64_t whole_words(Format) {
  return 32;
}

}  // namespace simrun
