#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/cpu/mask.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/cpu/runs.hpp"
#include "kernels/finite.hpp"
#include "kernels/fitted_threshold.hpp"
#include "kernels/simd.hpp"

#ifdef SIMRUN_HAS_SIMD_VERSIONS
#include <immintrin.h>
#endif

namespace simrun {
namespace {

/// One sum for each run of `x`, and how many elements reach the threshold in all. Magnitudes are ordered as their bits
/// are, which are whole numbers. Without a comparison, of which the compiler would make a branch.
SIMRUN_EVERY_SIMD std::uint64_t tails_of_runs(float threshold, std::span<const float> x, std::span<double> sums) {
  const std::int32_t least = threshold > 0 ? std::bit_cast<std::int32_t>(threshold) : 0;  // nothing is below a NaN
  std::array<std::int32_t, lanes> counts{};
  std::uint64_t count = 0;
  const auto add = [&](float value, std::size_t lane, std::array<double, lanes>& own) SIMRUN_INLINE_LAMBDA {
    const std::int32_t magnitude = std::bit_cast<std::int32_t>(value) & std::numeric_limits<std::int32_t>::max();
    const std::int32_t is_below = (magnitude - least) >> 31;  // -1 or 0
    own[lane] += static_cast<double>(std::bit_cast<float>(magnitude & ~is_below));
    counts[lane] += 1 + is_below;
  };
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const auto some = x.subspan(i * run, std::min(run, x.size() - i * run));
    std::array<double, lanes> own{};
    std::size_t j = 0;
    for (; j + lanes <= some.size(); j += lanes) {
      for (std::size_t lane = 0; lane < lanes; ++lane) add(some[j + lane], lane, own);
    }
    for (std::size_t lane = 0; j + lane < some.size(); ++lane) add(some[j + lane], lane, own);
    sums[i] = sum_of_lanes(own);
    for (std::int32_t& of_lane : counts) count += static_cast<std::uint64_t>(std::exchange(of_lane, 0));
  }
  return count;
}

/// Magnitudes that reach a threshold.
struct Tail {
  double sum = 0;
  std::uint64_t count = 0;
};

/// All magnitudes that reach a bound.
struct Kept {
  float bound;
  std::size_t expected;           ///< about so many
  std::vector<float> magnitudes;  ///< in no order
};

/// Magnitudes of at most a run.
struct KeptOfRun {
  static constexpr std::size_t vector = 16;  ///< floats that are written at once, of which the first count
  std::array<float, run + vector> magnitudes;
  std::size_t count = 0;
};

#ifdef SIMRUN_HAS_SIMD_VERSIONS
__attribute__((target("default")))
#endif
void keep(std::span<const float> x, float bound, KeptOfRun& kept) {
  for_each_at_least(x, magnitude_key(bound), [&](std::size_t i) { kept.magnitudes[kept.count++] = std::fabs(x[i]); });
}

#ifdef SIMRUN_HAS_SIMD_VERSIONS
// The same by hand: no compiler finds the instruction that packs chosen lanes.
__attribute__((target("avx512f"))) void keep(std::span<const float> x, float bound, KeptOfRun& kept) {
  const __m512i least = _mm512_set1_epi32(std::bit_cast<std::int32_t>(bound));
  for (std::size_t i = 0; i < x.size(); i += KeptOfRun::vector) {
    const std::size_t left = x.size() - i;
    const auto there = static_cast<__mmask16>(left < KeptOfRun::vector ? (1U << left) - 1 : 0xFFFF);
    const __m512i bits = _mm512_castps_si512(_mm512_maskz_loadu_ps(there, x.data() + i));
    const __m512i magnitudes = _mm512_and_si512(bits, _mm512_set1_epi32(std::numeric_limits<std::int32_t>::max()));
    const __mmask16 reaches = _mm512_mask_cmpge_epi32_mask(there, magnitudes, least);
    _mm512_storeu_si512(kept.magnitudes.data() + kept.count, _mm512_maskz_compress_epi32(reaches, magnitudes));
    kept.count += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(reaches)));
  }
}
#endif

/// Of all elements. What reaches the bound of `kept` is added to it, while it is in the cache.
Tail tail_of(std::span<const float> x, float threshold, unsigned threads, Kept& kept) {
  std::mutex mutex;
  Tail tail;
  tail.sum = sum_all(x, threads, [&](std::span<const float> some, std::span<double> sums) {
    std::vector<float> own;
    own.reserve(kept.expected / threads);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const auto a_run = some.subspan(i * run, std::min(run, some.size() - i * run));
      count += tails_of_runs(threshold, a_run, sums.subspan(i, 1));
      KeptOfRun of_run;
      keep(a_run, kept.bound, of_run);
      own.insert(own.end(), of_run.magnitudes.begin(), of_run.magnitudes.begin() + of_run.count);
    }
    const std::lock_guard lock(mutex);
    tail.count += count;
    if (kept.magnitudes.empty()) {
      kept.magnitudes = std::move(own);
    } else {
      kept.magnitudes.insert(kept.magnitudes.end(), own.begin(), own.end());
    }
  });
  return tail;
}

/// Of what was kept, which is all that reaches the threshold. None where the order of adding would matter: else all are
/// multiples of what the threshold has as its last place, and the sum is of no more of these than a double counts.
std::optional<Tail> tail_of(const Kept& kept, float threshold) {
  constexpr double most = 0x1p53;
  std::vector<double> sums(runs_of(kept.magnitudes.size()));
  Tail tail;
  tail.count = tails_of_runs(threshold, kept.magnitudes, sums);
  for (const double sum : sums) tail.sum += sum;
  const float last_place = std::nextafter(threshold, std::numeric_limits<float>::infinity()) - threshold;
  if (tail.sum >= most * static_cast<double>(last_place)) return std::nullopt;
  return tail;
}

/// To keep what the next stage needs, with hardly a doubt: from nine tenths of the way to its threshold on, by one run
/// in 64.
Kept likely_kept(std::span<const float> x, float threshold, double factor) {
  constexpr std::size_t every = 64;
  const auto of_sample = [&](float least) {
    Tail tail;
    for (std::size_t i = 0; i < x.size(); i += every * run) {
      double sum = 0;
      tail.count += tails_of_runs(least, x.subspan(i, std::min(run, x.size() - i)), {&sum, 1});
      tail.sum += sum;
    }
    return tail;
  };
  const Tail tail = of_sample(threshold);
  const float next = FittedThreshold::next(threshold, tail.sum, static_cast<double>(tail.count), factor);
  const float bound = threshold + 0.9F * (next - threshold);
  return {bound, std::min(x.size(), of_sample(bound).count * (every + every / 8)), {}};
}

}  // namespace

/// All elements are looked at once. What the stages need is kept apart on the way, by a bound from a sample; where a
/// threshold is below that after all, its stage looks at all elements again.
std::uint64_t cpu_fitted_count(std::span<const float> x, const FittedThreshold& plan, unsigned threads) {
  float threshold = 0;
  Kept kept = likely_kept(x, threshold, plan.factor(0));
  Tail tail = tail_of(x, threshold, threads, kept);
  if (!std::isfinite(tail.sum)) check_finite(x);
  for (unsigned stage = 0; stage < plan.stages; ++stage) {
    threshold = FittedThreshold::next(threshold, tail.sum, static_cast<double>(tail.count), plan.factor(stage));
    if (kept.bound <= threshold) {
      if (const std::optional<Tail> of_kept = tail_of(kept, threshold)) {
        tail = *of_kept;
        continue;
      }
    }
    kept = likely_kept(x, threshold, plan.factor(stage + 1));
    tail = tail_of(x, threshold, threads, kept);
  }
  return tail.count;
}

}  // namespace simrun
