#pragma once

#include <cmath>

#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/rounding.hpp"
#include "kernels/cuda/sum.hpp"
#include "kernels/finite.hpp"
#include "kernels/fitted_threshold.hpp"

namespace simrun::cuda {

// Sums of arrays of a machine.

/// Of a term of each value, at least one.
template <class Machine, class Terms>
double sum_of(Machine& machine, const Terms& term_of, const float* x, std::uint64_t size) {
  typename Machine::template Buffer<double> sums(sums_of(size));
  launch_sum(machine, term_of, x, size, sums.data());
  return downloaded(machine, sums.data(), sums.size()).back();
}

/// Primitives::sum.
template <class Machine>
double sum_on(Machine& machine, Term term, std::span<const float> x) {
  if (x.empty()) return 0;
  const auto values = uploaded(machine, x);
  return sum_of(machine, TermOf{term}, values.data(), x.size());
}

/// Primitives::fitted_count.
template <class Machine>
std::uint64_t fitted_count_on(Machine& machine, std::span<const float> x, const FittedThreshold& plan) {
  const auto values = uploaded(machine, x);
  float threshold = 0;
  std::uint64_t count = x.size();
  for (unsigned stage = 0; stage < plan.stages; ++stage) {
    const double sum = sum_of(machine, MagnitudeFrom{threshold}, values.data(), x.size());
    if (!std::isfinite(sum)) check_finite(x);
    threshold = FittedThreshold::next(threshold, sum, static_cast<double>(count), plan.factor(stage));
    auto reaching = zero<std::uint64_t>(machine);
    launch_count_above(machine, values.data(), x.size(), threshold, reaching.data());
    count = downloaded(machine, reaching.data(), 1).front();
  }
  return count;
}

}  // namespace simrun::cuda
