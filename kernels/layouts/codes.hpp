#pragma once

#include "kernels/layout.hpp"

namespace simrun {

// Numbers of b bits, one an element: number i in the bits from b i on of little-endian uint32 words, the lowest first.
// 32 elements take b words. Bits behind the last number are 0.

std::uint64_t code_bytes(std::uint64_t elements, unsigned bits);

/// Number `at` of `words`.
inline std::uint32_t code_at(std::span<const std::uint32_t> words, std::uint64_t at, unsigned bits) {
  const std::uint64_t bit = at * bits;
  const std::uint64_t low = words[bit / 32] >> (bit % 32);
  const std::uint64_t high = bit % 32 + bits > 32 ? std::uint64_t{words[bit / 32 + 1]} << (32 - bit % 32) : 0;
  return static_cast<std::uint32_t>((low | high) & ((1U << bits) - 1));
}

/// A padding bit that is set.
std::optional<Flaw> check_codes(std::span<const std::byte> codes, std::uint64_t elements, unsigned bits);

/// Appends what pieces hold behind the first `before` bytes of their values.
void append_codes(std::span<const Piece> pieces, std::size_t before, unsigned bits, std::vector<std::byte>& out);

/// Appends the first bytes of the pieces, in which they must not differ: what all elements have in common. Else throws
/// PayloadError.
void append_common(std::span<const Piece> pieces, std::size_t bytes, std::vector<std::byte>& out);

/// Finite, and without a sign.
bool is_scale(float value);

/// Parts begin with a word.
std::uint64_t whole_words(Format);

}  // namespace simrun
