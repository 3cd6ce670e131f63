#pragma once

#include <algorithm>
#include <vector>

#include "sim/units.hpp"

namespace simrun {

/// One call of Transport::repeat by all ranks: finds the step after which the rest can be skipped.
///
/// Ranks run on their own clocks and meet only through messages. Once every rank's last p steps took as long as its p
/// steps before, and all ranks the same time d for them, the state of the network at the end of step s is that at the
/// end of step s - p, moved by d, and so on for ever. By then the foremost rank may have entered later steps; all ranks
/// run up to there, and on until whole periods are left, so that every message that was sent is received, and then
/// jump. On one switch p is 1; where flows share uplinks it may be more. Not for networks with a memory that times do
/// not show: links that let a burst through.
class Repeat {
 public:
  Repeat(int ranks, int count) : ranks_(ranks), stop_(count), steps_(static_cast<std::size_t>(count)) {}

  /// Steps that are really run: may become less than count while they run.
  int stop() const { return stop_; }

  /// The time of all the steps that are skipped.
  Seconds jump() const { return jump_; }

  void enter(int step) { front_ = std::max(front_, step + 1); }
  void finish(int rank, int step, Seconds duration);

  /// True for the last rank that leaves.
  bool leave() { return ++left_ == ranks_; }

 private:
  using Durations = std::vector<Seconds>;  ///< by rank

  bool repeats_after(int period, int step) const;
  void skip(int period, int step);

  int ranks_;
  int stop_;
  int front_ = 0;
  int left_ = 0;
  Seconds jump_;
  struct Step {
    int finished = 0;
    Durations durations;
  };
  std::vector<Step> steps_;  ///< durations only of the last ones
};

}  // namespace simrun
