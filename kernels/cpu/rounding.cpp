// Rounding at random: levels and powers of two.

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "kernels/cpu/codes.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

constexpr unsigned mantissa_bits = 23;
constexpr std::uint32_t mantissa = (1U << mantissa_bits) - 1;
constexpr std::uint32_t infinity_bits = 0x7F800000;

void require(bool holds) {
  if (!holds) throw std::invalid_argument("the arrays differ in size");
}

/// `divisor` is the scale, or infinity where that is 0. Nothing here is evaluated on a condition, which would keep the
/// compiler from vectorising it.
SIMRUN_INLINE std::uint32_t level_of(float x, float divisor, float levels, std::uint32_t word) {
  const float share = std::fabs(x) / divisor;
  const float y = (share < 1 ? share : 1.0F) * levels;  // of all levels also where nothing is a number
  const auto low = static_cast<std::int32_t>(y);
  const float chance = static_cast<float>(static_cast<std::int32_t>(word >> 8)) * 0x1p-24F;
  const std::int32_t level = low + static_cast<std::int32_t>(chance < y - static_cast<float>(low));
  return static_cast<std::uint32_t>(x < 0 ? -level : level);
}

SIMRUN_INLINE std::uint32_t power_of(float x, std::uint32_t word) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = bits + (word & mantissa);
  const bool too_large = (rounded & infinity_bits) == infinity_bits;
  return (too_large ? bits : rounded) >> mantissa_bits;
}

/// Groups [begin, end) of 32 elements.
struct Groups {
  std::size_t begin;
  std::size_t end;
};

/// The scale of the group that begins with an element.
SIMRUN_INLINE float scale_of(const Rounding& rounding, std::span<const float> scales, std::size_t first) {
  return scales[rounding.bucket == 0 ? 0 : first / rounding.bucket];
}

/// True if all elements are finite. code(first of its group, x, word) is the number for an element, 0 for 0.
template <unsigned bits, class Code>
SIMRUN_INLINE bool round_groups(std::span<const float> x, Groups groups, std::uint64_t seed,
                                std::span<std::uint32_t> words, const Code& code) {
  std::uint32_t largest = 0;
  for (std::size_t i = groups.begin; i < groups.end; ++i) {
    const std::size_t first = i * group;
    Codes random;
    Codes codes;
    draw(first, seed, random);
    const auto code_of = code(first);
    with_group(x, first, [&](const float* from) SIMRUN_INLINE_LAMBDA {
      for (std::size_t j = 0; j < group; ++j) {
        largest = std::max(largest, std::bit_cast<std::uint32_t>(from[j]) & ~(1U << 31));
        codes[j] = code_of(from[j], random[j]) & ((1U << bits) - 1);
      }
    });
    put<bits>(codes, words.subspan(i * bits));
  }
  return largest < infinity_bits;
}

SIMRUN_EVERY_SIMD bool levels_of_groups(const Rounding& rounding, std::span<const float> x,
                                        std::span<const float> scales, Groups groups, std::uint64_t seed,
                                        std::span<std::uint32_t> words) {
  const auto levels = static_cast<float>(rounding.levels);
  return with_bits(rounding.bits, [&](auto bits) SIMRUN_INLINE_LAMBDA {
    return round_groups<bits()>(x, groups, seed, words, [&](std::size_t first) SIMRUN_INLINE_LAMBDA {
      const float scale = scale_of(rounding, scales, first);
      const float divisor = scale == 0 ? std::numeric_limits<float>::infinity() : scale;
      return [divisor, levels](float value, std::uint32_t word)
                 SIMRUN_INLINE_LAMBDA { return level_of(value, divisor, levels, word); };
    });
  });
}

SIMRUN_EVERY_SIMD bool powers_of_groups(std::span<const float> x, Groups groups, std::uint64_t seed,
                                        std::span<std::uint32_t> words) {
  return round_groups<exponent_bits>(x, groups, seed, words, [](std::size_t) SIMRUN_INLINE_LAMBDA {
    return [](float value, std::uint32_t word) SIMRUN_INLINE_LAMBDA { return power_of(value, word); };
  });
}

/// Calls work(groups) for parts of the groups of `elements` elements, on several threads.
template <class Work>
void for_groups(std::size_t elements, unsigned threads, const Work& work) {
  parallel_ranges((elements + group - 1) / group, threads, 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    work(Groups{begin, end});
  });
}

/// Rounds on several threads; round(groups) is false where an element is not finite. Throws NonFiniteError.
template <class Round>
void round_all(std::span<const float> x, unsigned threads, const Round& round) {
  std::atomic<bool> finite = true;
  for_groups(x.size(), useful_threads(4 * x.size(), threads), [&](Groups groups) {
    if (!round(groups)) finite = false;
  });
  if (!finite) check_finite(x);
}

/// out[i] += value(first of its group)(number) for the numbers of these groups.
template <unsigned bits, class Value>
SIMRUN_INLINE void add_groups(std::span<const std::uint32_t> words, Groups groups, std::span<float> out,
                              const Value& value) {
  for (std::size_t i = groups.begin; i < groups.end; ++i) {
    std::array<std::uint32_t, bits> packed{};
    std::copy_n(words.data() + i * bits, std::min<std::size_t>(bits, words.size() - i * bits), packed.data());
    Codes codes;
    unpack<bits>(packed, codes);
    const auto value_of = value(i * group);
    float* const to = out.data() + i * group;
    if (out.size() - i * group >= group) {
      for (std::size_t j = 0; j < group; ++j) to[j] += value_of(codes[j]);
    } else {
      for (std::size_t j = 0; j < out.size() - i * group; ++j) to[j] += value_of(codes[j]);
    }
  }
}

SIMRUN_EVERY_SIMD void add_levels_of_groups(const Rounding& rounding, std::span<const std::uint32_t> words,
                                            std::span<const float> scales, float weight, Groups groups,
                                            std::span<float> out) {
  const auto levels = static_cast<float>(rounding.levels);
  with_bits(rounding.bits, [&](auto bits) SIMRUN_INLINE_LAMBDA {
    constexpr unsigned unused = 32 - bits();
    add_groups<bits()>(words, groups, out, [&](std::size_t first) SIMRUN_INLINE_LAMBDA {
      const float unit = weight * scale_of(rounding, scales, first) / levels;
      return [unit](std::uint32_t code) SIMRUN_INLINE_LAMBDA {
        return unit * static_cast<float>(static_cast<std::int32_t>(code << unused) >> unused);
      };
    });
  });
}

SIMRUN_EVERY_SIMD void add_powers_of_groups(std::span<const std::uint32_t> words, float weight, Groups groups,
                                            std::span<float> out) {
  add_groups<exponent_bits>(words, groups, out, [&](std::size_t) SIMRUN_INLINE_LAMBDA {
    return [weight](std::uint32_t code)
               SIMRUN_INLINE_LAMBDA { return weight * std::bit_cast<float>(code << mantissa_bits); };
  });
}

SIMRUN_INLINE float norm_of(std::span<const float> x) {
  std::array<double, group> lanes{};
  std::size_t i = 0;
  for (; i + group <= x.size(); i += group) {
    for (std::size_t lane = 0; lane < group; ++lane)
      lanes[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(x[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < x.size(); ++lane)
    lanes[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(x[i + lane]);
  for (std::size_t half = group / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return static_cast<float>(std::sqrt(lanes[0]));
}

SIMRUN_EVERY_SIMD void norms_of_buckets(std::span<const float> x, std::uint64_t bucket, std::size_t begin,
                                        std::size_t end, std::span<float> norms) {
  for (std::size_t i = begin; i < end; ++i)
    norms[i] = norm_of(x.subspan(i * bucket, std::min<std::size_t>(bucket, x.size() - i * bucket)));
}

SIMRUN_EVERY_SIMD std::uint32_t largest_key(std::span<const float> x) {
  std::uint32_t largest = 0;
  for (const float value : x) largest = std::max(largest, std::bit_cast<std::uint32_t>(value) & ~(1U << 31));
  return largest;
}

/// Of fewer than 2^32 elements.
SIMRUN_EVERY_SIMD std::uint32_t elements_above(std::span<const float> x, float threshold) {
  std::uint32_t count = 0;
  for (const float value : x) count += std::fabs(value) >= threshold ? 1U : 0U;
  return count;
}

}  // namespace

void cpu_bucket_norms(std::span<const float> x, std::uint64_t bucket, std::span<float> norms, unsigned threads) {
  require(norms.size() == Rounding{.bucket = bucket}.buckets(x.size()) && bucket > 0);
  parallel_ranges(
      norms.size(), useful_threads(x.size(), threads), 1,
      [&](std::size_t, std::size_t begin, std::size_t end) { norms_of_buckets(x, bucket, begin, end, norms); });
}

void cpu_round_to_levels(const Rounding& rounding, std::span<const float> x, std::span<const float> scales,
                         std::uint64_t seed, std::span<std::uint32_t> words, unsigned threads) {
  require(words.size() == code_words(x.size(), rounding.bits) && scales.size() == rounding.buckets(x.size()));
  round_all(x, threads, [&](Groups groups) { return levels_of_groups(rounding, x, scales, groups, seed, words); });
}

void cpu_add_levels(const Rounding& rounding, std::span<const std::uint32_t> words, std::span<const float> scales,
                    float weight, std::span<float> out, unsigned threads) {
  require(words.size() == code_words(out.size(), rounding.bits) && scales.size() == rounding.buckets(out.size()));
  for_groups(out.size(), useful_threads(out.size(), threads),
             [&](Groups groups) { add_levels_of_groups(rounding, words, scales, weight, groups, out); });
}

void cpu_round_to_powers(std::span<const float> x, std::uint64_t seed, std::span<std::uint32_t> words,
                         unsigned threads) {
  require(words.size() == code_words(x.size(), exponent_bits));
  round_all(x, threads, [&](Groups groups) { return powers_of_groups(x, groups, seed, words); });
}

void cpu_add_powers(std::span<const std::uint32_t> words, float weight, std::span<float> out, unsigned threads) {
  require(words.size() == code_words(out.size(), exponent_bits));
  for_groups(out.size(), useful_threads(out.size(), threads),
             [&](Groups groups) { add_powers_of_groups(words, weight, groups, out); });
}

float cpu_largest_magnitude(std::span<const float> x, unsigned threads) {
  std::atomic<std::uint32_t> largest = 0;
  parallel_ranges(x.size(), useful_threads(x.size(), threads), 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    const std::uint32_t own = largest_key(x.subspan(begin, end - begin));
    std::uint32_t seen = largest;
    while (seen < own && !largest.compare_exchange_weak(seen, own)) {
    }
  });
  return std::bit_cast<float>(largest.load());
}

std::uint64_t cpu_count_above(std::span<const float> x, float threshold, unsigned threads) {
  constexpr std::size_t at_once = std::size_t{1} << 20;
  std::atomic<std::uint64_t> count = 0;
  parallel_ranges(x.size(), useful_threads(x.size(), threads), 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    for (; begin < end; begin += at_once)
      count += elements_above(x.subspan(begin, std::min(at_once, end - begin)), threshold);
  });
  return count;
}

}  // namespace simrun
