// Rounding to nearest, in blocks that share a scale. A block fits the nearest cache: it is read once from memory.

#include <atomic>
#include <bit>
#include <stdexcept>

#include "kernels/cpu/codes.hpp"
#include "kernels/cpu/operations.hpp"
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
    for (std::size_t at = first; at < last; at += group) {
      Codes codes;
      with_group(x.first(last), at, [&](const float* from) SIMRUN_INLINE_LAMBDA {
        for (std::size_t i = 0; i < group; ++i)
          codes[i] = std::bit_cast<std::uint32_t>(from[i] * inverse + rounds_to_even) & ((1U << bits) - 1);
      });
      put<bits>(codes, words.subspan(at / group * bits));
    }
  }
  return largest < infinity_key;
}

SIMRUN_EVERY_SIMD bool round_some_blocks(const Rounding& rounding, std::span<const float> x, std::size_t begin,
                                         std::size_t end, std::span<float> scales, std::span<std::uint32_t> words) {
  return with_bits(rounding.bits, [&](auto bits) SIMRUN_INLINE_LAMBDA {
    return round_blocks<bits()>(rounding, x, begin, end, scales, words);
  });
}

}  // namespace

void cpu_round_to_nearest(const Rounding& rounding, std::span<const float> x, std::span<float> scales,
                          std::span<std::uint32_t> words, unsigned threads) {
  if (!rounding.has_blocks() || scales.size() != rounding.buckets(x.size()) ||
      words.size() != code_words(x.size(), rounding.bits))
    throw std::invalid_argument("the arrays differ in size");
  std::atomic<bool> finite = true;
  parallel_ranges(scales.size(), useful_threads(x.size(), threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    if (!round_some_blocks(rounding, x, begin, end, scales, words)) finite = false;
                  });
  if (!finite) check_finite(x);
}

}  // namespace simrun
