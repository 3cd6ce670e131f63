#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/cpu/mask.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/finite.hpp"
#include "kernels/fitted_threshold.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

constexpr std::size_t lanes = 32;
constexpr std::size_t run = 1024;  ///< elements that are added up to one sum

template <Term term>
struct TermOf {
  template <class T>
  SIMRUN_INLINE double operator()(T x) const {
    const auto value = static_cast<double>(x);
    if constexpr (term == Term::magnitude) return std::fabs(value);
    if constexpr (term == Term::square) return value * value;
    // Exact, and without a branch, which would keep the compiler from vectorising it.
    return 0.5 * (std::fabs(value) + (term == Term::positive ? value : -value));
  }
};

SIMRUN_INLINE double sum_of_lanes(std::array<double, lanes>& sums) {
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

template <class Terms, class T>
SIMRUN_INLINE double sum_run(const Terms& term_of, const T* x, std::size_t size) {
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += term_of(x[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < size; ++lane) sums[lane] += term_of(x[i + lane]);
  return sum_of_lanes(sums);
}

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

/// One sum for each run of `x`.
template <class Terms, class T>
SIMRUN_INLINE void sum_runs(const Terms& term_of, std::span<const T> x, std::span<double> sums) {
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i] = sum_run(term_of, x.data() + i * run, std::min(run, x.size() - i * run));
}

SIMRUN_EVERY_SIMD void sum_magnitudes(std::span<const float> x, std::span<double> sums) {
  sum_runs(TermOf<Term::magnitude>{}, x, sums);
}

SIMRUN_EVERY_SIMD void sum_squares(std::span<const float> x, std::span<double> sums) {
  sum_runs(TermOf<Term::square>{}, x, sums);
}

SIMRUN_EVERY_SIMD void sum_negatives(std::span<const float> x, std::span<double> sums) {
  sum_runs(TermOf<Term::negative>{}, x, sums);
}

SIMRUN_EVERY_SIMD void sum_positives(std::span<const float> x, std::span<double> sums) {
  sum_runs(TermOf<Term::positive>{}, x, sums);
}

void sum_elements(Term term, std::span<const float> x, std::span<double> sums) {
  switch (term) {
    case Term::magnitude:
      return sum_magnitudes(x, sums);
    case Term::square:
      return sum_squares(x, sums);
    case Term::negative:
      return sum_negatives(x, sums);
    case Term::positive:
      return sum_positives(x, sums);
  }
}

/// Terms are never negative.
SIMRUN_EVERY_SIMD void sum_sums(std::span<const double> x, std::span<double> sums) {
  sum_runs(TermOf<Term::magnitude>{}, x, sums);
}

std::size_t runs_of(std::size_t size) {
  return (size + run - 1) / run;
}

double sum_of_runs(std::vector<double> sums) {
  while (sums.size() > 1) {
    std::vector<double> next(runs_of(sums.size()));
    sum_sums(sums, next);
    sums = std::move(next);
  }
  return sums.front();
}

/// `sum_some` writes the sum of every run of the elements that it is given.
template <class SumSome>
double sum_all(std::span<const float> x, unsigned threads, const SumSome& sum_some) {
  if (x.empty()) return 0;
  std::vector<double> sums(runs_of(x.size()));
  parallel_ranges(sums.size(), useful_threads(x.size(), threads), 8,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    sum_some(x.subspan(std::min(begin * run, x.size())), std::span(sums).subspan(begin, end - begin));
                  });
  return sum_of_runs(std::move(sums));
}

/// Magnitudes that reach a threshold.
struct Tail {
  double sum = 0;
  std::uint64_t count = 0;
};

Tail tail_of(std::span<const float> x, float threshold, unsigned threads) {
  std::atomic<std::uint64_t> count = 0;
  const double sum = sum_all(x, threads, [&](std::span<const float> some, std::span<double> sums) {
    count += tails_of_runs(threshold, some, sums);
  });
  return {sum, count};
}

/// Of so many elements, of which all that reach the threshold are among `some`: what does not reach it adds zeros.
Tail tail_of(const Pairs& some, std::size_t elements, float threshold) {
  std::vector<double> sums(runs_of(elements));
  std::array<double, lanes> own{};
  Tail tail;
  std::size_t at = 0;  // the run
  for (std::size_t j = 0; j < some.indices.size(); ++j) {
    const float magnitude = std::fabs(some.values[j]);
    if (magnitude < threshold) continue;
    if (const std::size_t next = some.indices[j] / run; next != at) {
      sums[std::exchange(at, next)] = sum_of_lanes(own);
      own.fill(0);
    }
    own[some.indices[j] % lanes] += static_cast<double>(magnitude);
    ++tail.count;
  }
  sums[at] = sum_of_lanes(own);
  tail.sum = sum_of_runs(std::move(sums));
  return tail;
}

Pairs reaching(std::span<const float> x, float threshold, std::size_t most) {
  Pairs found;
  found.indices.reserve(most);
  found.values.reserve(most);
  for_each_at_least(x, magnitude_key(threshold), [&](std::size_t i) {
    found.indices.push_back(static_cast<std::uint32_t>(i));
    found.values.push_back(x[i]);
  });
  return found;
}

}  // namespace

double cpu_sum(Term term, std::span<const float> x, unsigned threads) {
  return sum_all(x, threads,
                 [=](std::span<const float> some, std::span<double> sums) { sum_elements(term, some, sums); });
}

/// Once an eighth of the elements or fewer are left, those that the next stage leaves are kept apart: the stages after
/// it look at no others.
std::uint64_t cpu_fitted_count(std::span<const float> x, const FittedThreshold& plan, unsigned threads) {
  float threshold = 0;
  Tail tail = tail_of(x, threshold, threads);
  if (!std::isfinite(tail.sum)) check_finite(x);
  std::optional<Pairs> left;
  for (unsigned stage = 0; stage < plan.stages; ++stage) {
    threshold = FittedThreshold::next(threshold, tail.sum, static_cast<double>(tail.count), plan.factor(stage));
    if (!left && tail.count <= x.size() / 8) left = reaching(x, threshold, tail.count);
    tail = left ? tail_of(*left, x.size(), threshold) : tail_of(x, threshold, threads);
  }
  return tail.count;
}

}  // namespace simrun
