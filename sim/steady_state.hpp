#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "sim/worker.hpp"

namespace simrun {

/// Watches all ranks' iterations and finds the period at which they repeat: as soon as all ranks end the first one at
/// the same instant, or as every rank took the same time from one finish to the next. After `limit` iterations without,
/// the mean over their second half.
class SteadyState {
 public:
  explicit SteadyState(int workers, int limit = 64) : workers_(workers), limit_(limit) {}

  /// Takes note of `rank`'s next iteration; true once the period is known.
  bool record(int rank, IterationRecord iteration);

  /// The time between the moments when the last worker finishes two successive iterations.
  Seconds period() const { return period_; }

  /// Iterations that were looked at.
  int iterations() const { return complete_; }

  /// The iteration that shows the steady state, by rank.
  const std::vector<IterationRecord>& records() const { return iterations_.front().records; }

  /// The lowest rank whose finish lies within 1e-9 (relative) of the last.
  int last_rank() const;

 private:
  struct Iteration {
    std::vector<IterationRecord> records;
    int recorded = 0;
    Seconds last;
  };
  bool is_steady(const Iteration& now) const;

  int workers_;
  int limit_;
  int complete_ = 0;
  Seconds period_;
  std::vector<std::size_t> next_ = std::vector<std::size_t>(static_cast<std::size_t>(workers_),
                                                            0);  ///< iteration of each rank, counted from the first
  std::deque<Iteration> iterations_;                             ///< from iteration complete_ on, once one is complete
  std::vector<Seconds> previous_;                                ///< finishes of the iteration before
  std::vector<Seconds> lasts_;                                   ///< the last finish of each complete iteration
};

}  // namespace simrun
