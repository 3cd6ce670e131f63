#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

// In which order elements are added up, on both back ends: in runs of 1,024, in each of which 32 lanes add every 32nd.

namespace simrun {

constexpr std::size_t lanes = 32;
constexpr std::size_t run = 1024;  ///< elements that are added up to one sum

SIMRUN_INLINE double sum_of_lanes(std::array<double, lanes>& sums) {
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
  }
  return sums[0];
}

inline std::size_t runs_of(std::size_t size) {
  return (size + run - 1) / run;
}

/// Of the sums of runs, which are never negative.
double sum_of_runs(std::vector<double> sums);

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

}  // namespace simrun
