// Rounding at random: levels and powers of two.

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <stdexcept>

#include "kernels/cpu/operations.hpp"
#include "kernels/cpu/pack_codes.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"
#include "kernels/philox.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

constexpr unsigned mantissa_bits = 23;
constexpr std::uint32_t mantissa = (1U << mantissa_bits) - 1;
constexpr std::uint32_t infinity_bits = 0x7F800000;

void require(bool holds) {
  if (!holds) throw std::invalid_argument("the arrays differ in size");
}

/// The random words of 32 elements.
SIMRUN_INLINE void draw(std::uint64_t first, std::uint64_t seed, Codes& words) {
  for (std::size_t block = 0; block < group / 4; ++block) {
    const std::uint64_t place = first / 4 + block;
    const PhiloxBlock four = philox4x32_10(place, seed);
    for (std::size_t i = 0; i < 4; ++i) words[4 * block + i] = four[i];
  }
}

SIMRUN_INLINE std::uint32_t level_of(float x, float scale, float levels, std::uint32_t word) {
  const float share = scale == 0 ? 0.0F : std::fabs(x) / scale;
  const float y = share < 1 ? share * levels : levels;  // also where nothing is a number
  const float low = std::floor(y);
  const bool up = static_cast<float>(word >> 8) * 0x1p-24F < y - low;
  const auto level = static_cast<std::int32_t>(low) + static_cast<std::int32_t>(up);
  return static_cast<std::uint32_t>(x < 0 ? -level : level);
}

SIMRUN_INLINE std::uint32_t power_of(float x, std::uint32_t word) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = bits + (word & mantissa);
  const bool too_large = (rounded & infinity_bits) == infinity_bits;
  return (too_large ? bits : rounded) >> mantissa_bits;
}

/// True if all elements are finite. code(x, i, word) is the number for element i.
template <class Code>
SIMRUN_INLINE bool round_groups(std::span<const float> x, std::size_t begin, std::size_t end, std::uint64_t seed,
                                unsigned bits, std::span<std::uint32_t> words, const Code& code) {
  std::uint32_t largest = 0;
  for (std::size_t first = begin * group; first < end * group; first += group) {
    Codes random;
    Codes codes{};
    draw(first, seed, random);
    const std::size_t count = std::min(group, x.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      largest = std::max(largest, std::bit_cast<std::uint32_t>(x[first + i]) & ~(1U << 31));
      codes[i] = code(x[first + i], first, random[i]) & ((1U << bits) - 1);
    }
    pack(codes, bits, words_of_group(words, first / group, bits));
  }
  return largest < infinity_bits;
}

SIMRUN_EVERY_SIMD bool levels_of_groups(const Rounding& rounding, std::span<const float> x,
                                        std::span<const float> scales, std::size_t begin, std::size_t end,
                                        std::uint64_t seed, std::span<std::uint32_t> words) {
  const auto levels = static_cast<float>(rounding.levels);
  return round_groups(x, begin, end, seed, rounding.bits, words,
                      [&](float value, std::size_t first, std::uint32_t word) {
                        const float scale = scales[rounding.bucket == 0 ? 0 : first / rounding.bucket];
                        return level_of(value, scale, levels, word);
                      });
}

SIMRUN_EVERY_SIMD bool powers_of_groups(std::span<const float> x, std::size_t begin, std::size_t end,
                                        std::uint64_t seed, std::span<std::uint32_t> words) {
  return round_groups(x, begin, end, seed, exponent_bits, words,
                      [](float value, std::size_t, std::uint32_t word) { return power_of(value, word); });
}

/// Rounds on several threads; round(begin, end) does some groups. Throws NonFiniteError.
template <class Round>
void round_all(std::span<const float> x, unsigned threads, const Round& round) {
  std::atomic<bool> finite = true;
  parallel_ranges((x.size() + group - 1) / group, useful_threads(4 * x.size(), threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    if (!round(begin, end)) finite = false;
                  });
  if (!finite) check_finite(x);
}

/// out[i] += value(first of the group, number) for every number of `words`.
template <class Value>
void add_codes(std::span<const std::uint32_t> words, unsigned bits, std::span<float> out, unsigned threads,
               const Value& value) {
  require(words.size() == code_words(out.size(), bits));
  parallel_ranges((out.size() + group - 1) / group, useful_threads(out.size(), threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t first = begin * group; first < end * group; first += group) {
                      Codes codes;
                      unpack(words_of_group(words, first / group, bits), bits, codes);
                      const std::size_t count = std::min(group, out.size() - first);
                      for (std::size_t i = 0; i < count; ++i) out[first + i] += value(first, codes[i]);
                    }
                  });
}

float norm_of(std::span<const float> x) {
  std::array<double, group> lanes{};
  for (std::size_t i = 0; i < x.size(); ++i) lanes[i % group] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  for (std::size_t half = group / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return static_cast<float>(std::sqrt(lanes[0]));
}

}  // namespace

void cpu_bucket_norms(std::span<const float> x, std::uint64_t bucket, std::span<float> norms, unsigned threads) {
  require(norms.size() == Rounding{.bucket = bucket}.buckets(x.size()) && bucket > 0);
  parallel_ranges(norms.size(), useful_threads(x.size(), threads), 1,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i)
                      norms[i] = norm_of(x.subspan(i * bucket, std::min<std::size_t>(bucket, x.size() - i * bucket)));
                  });
}

void cpu_round_to_levels(const Rounding& rounding, std::span<const float> x, std::span<const float> scales,
                         std::uint64_t seed, std::span<std::uint32_t> words, unsigned threads) {
  require(words.size() == code_words(x.size(), rounding.bits) && scales.size() == rounding.buckets(x.size()));
  round_all(x, threads, [&](std::size_t begin, std::size_t end) {
    return levels_of_groups(rounding, x, scales, begin, end, seed, words);
  });
}

void cpu_add_levels(const Rounding& rounding, std::span<const std::uint32_t> words, std::span<const float> scales,
                    float weight, std::span<float> out, unsigned threads) {
  require(scales.size() == rounding.buckets(out.size()));
  const unsigned unused = 32 - rounding.bits;
  add_codes(words, rounding.bits, out, threads, [&](std::size_t first, std::uint32_t code) {
    const float scale = scales[rounding.bucket == 0 ? 0 : first / rounding.bucket];
    const auto level = static_cast<std::int32_t>(code << unused) >> unused;
    return weight * scale / static_cast<float>(rounding.levels) * static_cast<float>(level);
  });
}

void cpu_round_to_powers(std::span<const float> x, std::uint64_t seed, std::span<std::uint32_t> words,
                         unsigned threads) {
  require(words.size() == code_words(x.size(), exponent_bits));
  round_all(x, threads,
            [&](std::size_t begin, std::size_t end) { return powers_of_groups(x, begin, end, seed, words); });
}

void cpu_add_powers(std::span<const std::uint32_t> words, float weight, std::span<float> out, unsigned threads) {
  add_codes(words, exponent_bits, out, threads,
            [&](std::size_t, std::uint32_t code) { return weight * std::bit_cast<float>(code << mantissa_bits); });
}

float cpu_largest_magnitude(std::span<const float> x, unsigned threads) {
  std::atomic<std::uint32_t> largest = 0;
  parallel_ranges(x.size(), useful_threads(x.size(), threads), 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    std::uint32_t own = 0;
    for (std::size_t i = begin; i < end; ++i) own = std::max(own, std::bit_cast<std::uint32_t>(x[i]) & ~(1U << 31));
    std::uint32_t seen = largest;
    while (seen < own && !largest.compare_exchange_weak(seen, own)) {
    }
  });
  return std::bit_cast<float>(largest.load());
}

std::uint64_t cpu_count_above(std::span<const float> x, float threshold, unsigned threads) {
  std::atomic<std::uint64_t> count = 0;
  parallel_ranges(x.size(), useful_threads(x.size(), threads), 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    std::uint64_t own = 0;
    for (std::size_t i = begin; i < end; ++i) own += std::fabs(x[i]) >= threshold ? 1 : 0;
    count += own;
  });
  return count;
}

}  // namespace simrun
