#pragma once

#include "kernels/layout.hpp"

namespace simrun {

// Numbers of b bits, one an element: number i in the bits from b i on of little-endian uint32 words, the lowest first.
// 32 elements take b words. Bits behind the last number are 0.

std::uint64_t code_bytes(std::uint64_t elements, unsigned bits);

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
