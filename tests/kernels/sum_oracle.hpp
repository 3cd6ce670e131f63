#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace simrun {

/// The sum of x[i], none below 0, in the order that Primitives::sum documents, written as plainly as it goes.
inline double sum_in_order(std::vector<double> x) {
  do {
    std::vector<double> sums;
    for (std::size_t begin = 0; begin < x.size(); begin += 1024) {
      std::vector<double> lanes(32);
      for (std::size_t i = begin; i < std::min(begin + 1024, x.size()); ++i) lanes[i % 32] += x[i];
      for (; lanes.size() > 1; lanes.resize(lanes.size() / 2)) {
        for (std::size_t lane = 0; lane < lanes.size() / 2; ++lane) lanes[lane] += lanes[lane + lanes.size() / 2];
      }
      sums.push_back(lanes[0]);
    }
    x = sums;
  } while (x.size() > 1);
  return x.empty() ? 0 : x[0];
}

inline double l1_norm_in_order(std::vector<double> x) {
  for (double& value : x) value = std::abs(value);
  return sum_in_order(std::move(x));
}

}  // namespace simrun
