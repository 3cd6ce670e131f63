#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/payload.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

/// uint32 words that hold one bit an element.
constexpr std::uint64_t sign_words(std::uint64_t elements) {
  return (elements + 31) / 32;
}

/// Bytes behind the coded indices of a sparse payload: K values, or K sign bits.
std::uint64_t value_bytes(PayloadKind kind, std::uint64_t entries);

Payload::Header dense_header(PayloadKind kind, std::uint64_t elements);
Payload::Header signs_header(std::uint64_t elements);
Payload::Header scaled_signs_header(std::uint64_t elements);

/// True for the kinds that have a sign of every element: signs, scaled signs.
bool has_all_signs(PayloadKind kind);

/// Bytes before the words of such a payload, and its header.
std::size_t scale_bytes(PayloadKind kind);
Payload::Header all_signs_header(PayloadKind kind, std::uint64_t elements);

/// Empty where the size of the coded indices depends on which they are.
std::optional<Payload::Header> sparse_header(PayloadKind kind, IndexCoding coding, std::uint64_t elements,
                                             std::uint64_t entries);

Payload make_pairs(IndexCoding coding, std::uint64_t elements, PairsView pairs);
Payload make_sparse_signs(IndexCoding coding, std::uint64_t elements, SparseSignsView signs);

/// The parts of the body of scaled signs.
struct ScaledSignsView {
  float scale;
  std::span<const std::uint32_t> words;
};

/// What a payload of that kind holds, where it lies: coded indices are decoded into `decoded`, others are in the
/// payload, which must live as long. Throws PayloadError if it is of another kind or has no contents.
PairsView view_pairs(const Payload& payload, std::vector<std::uint32_t>& decoded);
SparseSignsView view_sparse_signs(const Payload& payload, std::vector<std::uint32_t>& decoded);
ScaledSignsView view_scaled_signs(const Payload& payload);

/// The same as a copy.
Pairs read_pairs(const Payload& payload);
SparseSigns read_sparse_signs(const Payload& payload);

/// Entry `j` of packed signs is negative.
inline bool sign_bit(std::span<const std::byte> signs, std::size_t j) {
  return (std::to_integer<unsigned>(signs[j / 8]) >> (j % 8) & 1U) != 0;
}

/// Sets the sign of entry `j`, which was 0. Without a branch: signs cannot be predicted.
inline void set_sign_bit(std::span<std::byte> signs, std::size_t j, bool negative) {
  signs[j / 8] |= static_cast<std::byte>(negative) << static_cast<int>(j % 8);
}

/// Appends entries [first, last) of `signs` to the `count` entries that `out` has.
void append_signs(std::vector<std::byte>& out, std::size_t count, std::span<const std::byte> signs, std::size_t first,
                  std::size_t last);

}  // namespace simrun
