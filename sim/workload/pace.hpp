#pragma once

#include <cstdint>
#include <vector>

namespace simrun {

/// A worker that always computes `factor` times as long as planned.
struct Straggler {
  std::int64_t worker = 0;
  double factor = 1;
};

/// How long workers really compute, over what is planned.
struct Pace {
  double jitter = 0;  ///< standard deviation of a worker's factor from iteration to iteration, over its mean
  std::int64_t seed = 1;
  std::vector<Straggler> stragglers;  ///< each worker at most once

  bool jitters() const { return jitter > 0; }

  /// By which forward, backward and update of that worker are multiplied in that iteration: its straggler's factor
  /// times a log-normal one of mean 1, independent from worker to worker and from iteration to iteration. Random
  /// numbers: Philox4x32-10, keyed by the seed and counted by (worker, iteration).
  double factor(int worker, std::uint64_t iteration) const;
};

}  // namespace simrun
