#include <array>
#include <cmath>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

constexpr std::size_t lanes = 32;
constexpr std::size_t run = 1024;  ///< elements that are added up to one sum

template <Term term, class T>
SIMRUN_INLINE double term_of(T x) {
  const auto value = static_cast<double>(x);
  if constexpr (term == Term::magnitude) return std::fabs(value);
  if constexpr (term == Term::square) return value * value;
  // Exact, and without a branch, which would keep the compiler from vectorising it.
  return 0.5 * (std::fabs(value) + (term == Term::positive ? value : -value));
}

template <Term term, class T>
SIMRUN_INLINE double sum_run(const T* x, std::size_t size) {
  std::array<double, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += term_of<term>(x[i + lane]);
  }
  for (std::size_t lane = 0; i + lane < size; ++lane) sums[lane] += term_of<term>(x[i + lane]);
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

/// One sum for each run of `x`.
template <Term term, class T>
SIMRUN_INLINE void sum_runs(std::span<const T> x, std::span<double> sums) {
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i] = sum_run<term>(x.data() + i * run, std::min(run, x.size() - i * run));
}

SIMRUN_EVERY_SIMD void sum_magnitudes(std::span<const float> x, std::span<double> sums) {
  sum_runs<Term::magnitude>(x, sums);
}

SIMRUN_EVERY_SIMD void sum_squares(std::span<const float> x, std::span<double> sums) {
  sum_runs<Term::square>(x, sums);
}

SIMRUN_EVERY_SIMD void sum_negatives(std::span<const float> x, std::span<double> sums) {
  sum_runs<Term::negative>(x, sums);
}

SIMRUN_EVERY_SIMD void sum_positives(std::span<const float> x, std::span<double> sums) {
  sum_runs<Term::positive>(x, sums);
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
  sum_runs<Term::magnitude>(x, sums);
}

std::size_t runs_of(std::size_t size) {
  return (size + run - 1) / run;
}

}  // namespace

double cpu_sum(Term term, std::span<const float> x, unsigned threads) {
  if (x.empty()) return 0;
  std::vector<double> sums(runs_of(x.size()));
  parallel_ranges(
      sums.size(), useful_threads(x.size(), threads), 8, [&](std::size_t, std::size_t begin, std::size_t end) {
        sum_elements(term, x.subspan(std::min(begin * run, x.size())), std::span(sums).subspan(begin, end - begin));
      });
  while (sums.size() > 1) {
    std::vector<double> next(runs_of(sums.size()));
    sum_sums(sums, next);
    sums = std::move(next);
  }
  return sums.front();
}

}  // namespace simrun
