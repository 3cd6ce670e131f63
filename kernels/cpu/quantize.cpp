// Rounding to nearest, in blocks that share a scale. A block fits the nearest cache: it is read once from memory.

#include <atomic>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "kernels/cpu/operations.hpp"
#include "kernels/cpu/pack_codes.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

SIMRUN_INLINE std::uint32_t largest_key(std::span<const float> x) {
  std::uint32_t largest = 0;
  for (const float value : x) largest = std::max(largest, magnitude_key(value));
  return largest;
}

/// Codes of 8 or 4 bits, of which only those bits count, as bytes: pairs of 4 bits next to each other.
template <unsigned bits>
SIMRUN_INLINE void pack_bytes(const Codes& codes, std::span<std::uint32_t> words) {
  std::array<std::uint8_t, group * bits / 8> bytes;
  if constexpr (bits == 8) {
    for (std::size_t i = 0; i < group; ++i) bytes[i] = static_cast<std::uint8_t>(codes[i]);
  } else {
    std::array<std::uint64_t, group / 2> pairs;
    std::memcpy(pairs.data(), codes.data(), sizeof pairs);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>((pairs[i] & 0xFU) | (pairs[i] >> 28U & 0xF0U));
  }
  if (words.size() == bits) {
    std::memcpy(words.data(), bytes.data(), sizeof bytes);
  } else {
    std::memcpy(words.data(), bytes.data(), words.size_bytes());
  }
}

/// The words of a group; beyond its end elements are 0.
template <unsigned bits>
SIMRUN_INLINE void round_group(std::span<const float> x, float inverse, unsigned any_bits,
                               std::span<std::uint32_t> words) {
  Codes codes;
  if (x.size() == group) {
    for (std::size_t i = 0; i < group; ++i) codes[i] = std::bit_cast<std::uint32_t>(x[i] * inverse + rounds_to_even);
  } else {
    codes = {};
    for (std::size_t i = 0; i < x.size(); ++i) codes[i] = std::bit_cast<std::uint32_t>(x[i] * inverse + rounds_to_even);
  }
  if constexpr (bits == 0) {
    for (std::uint32_t& code : codes) code &= (1U << any_bits) - 1;
    pack(codes, any_bits, words);
  } else {
    pack_bytes<bits>(codes, words);
  }
}

/// Blocks [begin, end); true if all elements are finite.
template <unsigned bits>
SIMRUN_INLINE bool round_blocks(const Rounding& rounding, std::span<const float> x, std::size_t begin, std::size_t end,
                                std::span<float> scales, std::span<std::uint32_t> words) {
  std::uint32_t largest = 0;
  for (std::size_t b = begin; b < end; ++b) {
    const std::size_t first = b * rounding.bucket;
    const std::size_t last = std::min<std::size_t>(first + rounding.bucket, x.size());
    const std::uint32_t own = largest_key(x.subspan(first, last - first));
    largest = std::max(largest, own);
    scales[b] = Rounding::scale_of(std::bit_cast<float>(own));
    const float inverse = rounding.inverse_of(scales[b]);
    for (std::size_t at = first; at < last; at += group)
      round_group<bits>(x.subspan(at, std::min(group, last - at)), inverse, rounding.bits,
                        words_of_group(words, at / group, rounding.bits));
  }
  return largest < infinity_key;
}

SIMRUN_EVERY_SIMD bool round_blocks_to_8(const Rounding& rounding, std::span<const float> x, std::size_t begin,
                                         std::size_t end, std::span<float> scales, std::span<std::uint32_t> words) {
  return round_blocks<8>(rounding, x, begin, end, scales, words);
}

SIMRUN_EVERY_SIMD bool round_blocks_to_4(const Rounding& rounding, std::span<const float> x, std::size_t begin,
                                         std::size_t end, std::span<float> scales, std::span<std::uint32_t> words) {
  return round_blocks<4>(rounding, x, begin, end, scales, words);
}

SIMRUN_EVERY_SIMD bool round_blocks_to_any(const Rounding& rounding, std::span<const float> x, std::size_t begin,
                                           std::size_t end, std::span<float> scales, std::span<std::uint32_t> words) {
  return round_blocks<0>(rounding, x, begin, end, scales, words);
}

}  // namespace

void cpu_round_to_nearest(const Rounding& rounding, std::span<const float> x, std::span<float> scales,
                          std::span<std::uint32_t> words, unsigned threads) {
  if (!rounding.has_blocks() || scales.size() != rounding.buckets(x.size()) ||
      words.size() != code_words(x.size(), rounding.bits))
    throw std::invalid_argument("the arrays differ in size");
  const auto round = rounding.bits == 8   ? round_blocks_to_8
                     : rounding.bits == 4 ? round_blocks_to_4
                                          : round_blocks_to_any;
  std::atomic<bool> finite = true;
  parallel_ranges(scales.size(), useful_threads(x.size(), threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    if (!round(rounding, x, begin, end, scales, words)) finite = false;
                  });
  if (!finite) check_finite(x);
}

}  // namespace simrun
