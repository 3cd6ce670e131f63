#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/cpu/operations.hpp"
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

/// Magnitudes are ordered as their bits are, which are whole numbers. Without a comparison, of which the compiler would
/// make a branch.
class MagnitudeFrom {
 public:
  explicit MagnitudeFrom(float threshold) : least_(threshold > 0 ? std::bit_cast<std::int32_t>(threshold) : 0) {}

  SIMRUN_INLINE double operator()(float x) const {
    const std::int32_t magnitude = std::bit_cast<std::int32_t>(x) & std::numeric_limits<std::int32_t>::max();
    const std::int32_t is_below = (magnitude - least_) >> 31;  // -1 or 0
    return static_cast<double>(std::bit_cast<float>(magnitude & ~is_below));
  }

 private:
  std::int32_t least_;  ///< the threshold's bits; nothing is below a NaN
};

template <class Terms, class T>
SIMRUN_INLINE double sum_run(const Terms& term_of, const T* x, std::size_t size) {
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += term_of(x[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < size; ++lane) sums[lane] += term_of(x[i + lane]);
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
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

SIMRUN_EVERY_SIMD void sum_magnitudes_from(float threshold, std::span<const float> x, std::span<double> sums) {
  sum_runs(MagnitudeFrom{threshold}, x, sums);
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

/// `sum_some` writes the sum of every run of the elements that it is given.
template <class SumSome>
double sum_all(std::span<const float> x, unsigned threads, const SumSome& sum_some) {
  if (x.empty()) return 0;
  std::vector<double> sums(runs_of(x.size()));
  parallel_ranges(sums.size(), useful_threads(x.size(), threads), 8,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    sum_some(x.subspan(std::min(begin * run, x.size())), std::span(sums).subspan(begin, end - begin));
                  });
  while (sums.size() > 1) {
    std::vector<double> next(runs_of(sums.size()));
    sum_sums(sums, next);
    sums = std::move(next);
  }
  return sums.front();
}

}  // namespace

double cpu_sum(Term term, std::span<const float> x, unsigned threads) {
  return sum_all(x, threads,
                 [=](std::span<const float> some, std::span<double> sums) { sum_elements(term, some, sums); });
}

double cpu_sum_above(std::span<const float> x, float threshold, unsigned threads) {
  return sum_all(x, threads, [=](std::span<const float> some, std::span<double> sums) {
    sum_magnitudes_from(threshold, some, sums);
  });
}

}  // namespace simrun
