#pragma once

#include <algorithm>
#include <vector>

#include "sim/units.hpp"

namespace simrun {

/// One call of Transport::repeat by all ranks: finds the step after which the rest can be skipped.
///
/// Ranks run on their own clocks and meet only through messages. Once step s - 1 and step s took every rank the same
/// time d, the state of the network at the end of step s is that at the end of step s - 1, moved by d, and so on for
/// ever. By then the foremost rank may have entered later steps; all ranks run up to there, so that every message that
/// was sent is received, and then jump.
class Repeat {
 public:
  Repeat(int ranks, int count) : ranks_(ranks), stop_(count), steps_(static_cast<std::size_t>(count)) {}

  /// Steps that are really run: may become less than count while they run.
  int stop() const { return stop_; }

  /// The time of a step that is skipped.
  Seconds step_time() const { return step_time_; }

  void enter(int step) { front_ = std::max(front_, step + 1); }
  void finish(int step, Seconds duration);

  /// True for the last rank that leaves.
  bool leave() { return ++left_ == ranks_; }

 private:
  struct Step {
    int finished = 0;
    bool alike = true;  ///< all ranks so far took the same time
    Seconds duration;
  };
  int ranks_;
  int stop_;
  int front_ = 0;
  int left_ = 0;
  Seconds step_time_;
  std::vector<Step> steps_;
};

}  // namespace simrun
