#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "sim/simulation/worker.hpp"

namespace simrun {

/// How long ranks are watched.
struct Watch {
  int limit = 64;          ///< iterations at most
  int warm_up = 32;        ///< of them: those that do not count where the limit is reached
  bool may_settle = true;  ///< whether iterations that repeat end it before
  bool jitters = false;    ///< whether iterations are draws, of which there must be enough for an interval
  bool first_may = true;   ///< whether the first one may be one that repeats: the network begins as later ones find it
  bool twice = false;      ///< whether all ranks must take as long twice: exchanges of one reach into the next
};

/// For workers whose computing jitters, so that iterations never repeat: 50 of up to 40 workers, fewer of more, at
/// least 10. An iteration of many workers takes long to simulate, and varies less.
Watch watch_jitter(int workers);

/// For payloads that come again after so many iterations: each of them once, unless that is shortened.
Watch watch_cycle(int iterations);

/// Watches all ranks' iterations and finds the period at which they repeat: as soon as all ranks end the first one at
/// the same instant (if it may repeat), or as every rank took the same time from one finish to the next (twice, if
/// asked for). At the limit without, the mean of the iterations that count.
class SteadyState {
 public:
  explicit SteadyState(int workers, Watch watch = {}) : workers_(workers), watch_(watch) {}

  /// Takes note of `rank`'s next iteration; true once the period is known.
  bool record(int rank, IterationRecord iteration);

  /// The time between the moments when the last worker finishes two successive iterations.
  Seconds period() const { return period_; }

  /// Looks at no more than `limit` iterations, of which the first half, rounded down, does not count. Draws stay as
  /// many as they are.
  void shorten(int limit);

  /// False where the period is the mean of iterations that differ.
  bool has_settled() const { return has_settled_; }

  /// Iterations that were looked at.
  int iterations() const { return complete_; }

  /// The time of each iteration that counts, ascending; where iterations could not settle.
  std::vector<double> durations() const;

  /// The iteration that shows the steady state, by rank; where iterations could not settle the last, its busy times
  /// being the means of those that count.
  const std::vector<IterationRecord>& records() const { return iterations_.front().records; }

  /// The lowest rank whose finish lies within 1e-9 (relative) of the last.
  int last_rank() const;

 private:
  struct Iteration {
    std::vector<IterationRecord> records;
    int recorded = 0;
    Seconds last;
  };
  bool is_steady(const Iteration& now);
  void add_busy_times(const std::vector<IterationRecord>& records);
  void show_means(std::vector<IterationRecord>& records) const;

  int workers_;
  Watch watch_;
  int complete_ = 0;
  bool has_settled_ = false;
  Seconds period_;
  std::vector<std::size_t> next_ = std::vector<std::size_t>(static_cast<std::size_t>(workers_),
                                                            0);  ///< iteration of each rank, counted from the first
  std::deque<Iteration> iterations_;                             ///< from iteration complete_ on, once one is complete
  std::vector<Seconds> previous_;                                ///< finishes of the iteration before
  std::optional<Seconds> step_;                                  ///< that all ranks took alike for that one
  std::vector<Seconds> lasts_;                                   ///< the last finish of each complete iteration
  std::vector<IterationRecord> sums_;                            ///< busy times of the iterations that count, by rank
};

}  // namespace simrun
