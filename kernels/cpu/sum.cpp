#include "kernels/cpu/runs.hpp"

#include <cmath>
#include <utility>

#include "kernels/cpu/operations.hpp"

namespace simrun {
namespace {

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

}  // namespace

double sum_of_runs(std::vector<double> sums) {
  while (sums.size() > 1) {
    std::vector<double> next(runs_of(sums.size()));
    sum_sums(sums, next);
    sums = std::move(next);
  }
  return sums.front();
}

double cpu_sum(Term term, std::span<const float> x, unsigned threads) {
  return sum_all(x, threads,
                 [=](std::span<const float> some, std::span<double> sums) { sum_elements(term, some, sums); });
}

}  // namespace simrun
