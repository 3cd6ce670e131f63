#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "sim/text/units.hpp"

namespace simrun {

/// One call of Transport::repeat by all ranks: finds the step after which the rest can be skipped.
///
/// Ranks run on their own clocks and meet only through messages: a step sends one and receives one. Say that each
/// rank's last steps took as long as those p before, with messages that arrived as long after their beginning, and that
/// p steps take all ranks the same time d. Then all that happened on the network of late happened a time d before, too.
/// Once that has been so for a time d, in which every message ends, as its sender waits for it, those on their way are
/// as far as those were, and all goes on so for ever. By then the foremost rank may have entered later steps than the
/// others; all ranks run up to there, and on until whole periods are left, so that every message that was sent is
/// received, and then jump. On one switch p is 1; where flows share uplinks it may be more. Not for networks with a
/// memory that times do not show: links that let a burst through.
class Repeat {
 public:
  /// One rank's step on the clock.
  struct Times {
    Seconds begin;
    Seconds arrival;  ///< of the message that it received
    Seconds end;
  };

  Repeat(int ranks, int count)
      : stop_(count),
        count_(count),
        by_rank_(static_cast<std::size_t>(ranks)),
        finished_(static_cast<std::size_t>(count)) {}

  /// Steps that are really run: may become less than count while they run.
  int stop() const { return stop_; }

  /// The time of all the steps that are skipped.
  Seconds jump() const { return jump_; }

  /// A step sent or received other bytes than the one before: none is skipped.
  void give_up() { is_irregular_ = true; }

  void enter(int step) { front_ = std::max(front_, step + 1); }
  void finish(int rank, int step, const Times& times);

  /// True for the last rank that leaves.
  bool leave() { return ++left_ == static_cast<int>(by_rank_.size()); }

 private:
  struct Rank {
    std::vector<Times> steps;                         ///< the last ones
    std::vector<std::optional<Seconds>> alike_since;  ///< by period, if the last step is like the one a period before
  };

  static Seconds time_of(int period, const Rank& rank);
  bool repeats_with(int period) const;
  void skip(int period);

  int stop_;
  int count_;
  int front_ = 0;
  int left_ = 0;
  bool is_irregular_ = false;
  Seconds jump_;
  std::vector<Rank> by_rank_;
  std::vector<int> finished_;  ///< ranks, by step
};

}  // namespace simrun
