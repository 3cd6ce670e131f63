#include "sim/simgrid/repeats.hpp"

#include <cmath>
#include <limits>

namespace simrun {
namespace {

constexpr int longest_period = 32;

bool are_alike(const Repeat::Times& a, const Repeat::Times& b) {
  const Seconds duration = a.end - a.begin;
  const Seconds arrival = (a.arrival - a.begin) - (b.arrival - b.begin);
  // An arrival may lie at the beginning, or before it.
  return nearly_equal(duration, b.end - b.begin) && std::abs(arrival.value) <= 1e-9 * duration.value;
}

}  // namespace

void Repeat::finish(int rank, int step, const Times& times) {
  const bool known = stop_ < count_;
  if (known || is_irregular_) return;
  Rank& own = by_rank_[static_cast<std::size_t>(rank)];
  own.alike_since.resize(longest_period + 1);
  for (int period = 1; period <= longest_period && period <= static_cast<int>(own.steps.size()); ++period) {
    std::optional<Seconds>& since = own.alike_since[static_cast<std::size_t>(period)];
    if (!are_alike(times, own.steps[own.steps.size() - static_cast<std::size_t>(period)]))
      since.reset();
    else if (!since)
      since = times.begin;
  }
  own.steps.push_back(times);
  if (own.steps.size() > longest_period + 1) own.steps.erase(own.steps.begin());

  const bool is_last = ++finished_[static_cast<std::size_t>(step)] == static_cast<int>(by_rank_.size());
  if (!is_last || front_ >= stop_) return;
  for (int period = 1; period <= longest_period && period <= step; ++period) {
    if (repeats_with(period)) return skip(period);
  }
}

/// What the last `period` steps took a rank.
Seconds Repeat::time_of(int period, const Rank& rank) {
  return rank.steps.back().end - rank.steps[rank.steps.size() - 1 - static_cast<std::size_t>(period)].end;
}

bool Repeat::repeats_with(int period) const {
  const Seconds time = time_of(period, by_rank_.front());
  Seconds since;  // and until when all ranks were in steps that are like those before
  Seconds until(std::numeric_limits<double>::infinity());
  for (const Rank& rank : by_rank_) {
    const std::optional<Seconds>& alike = rank.alike_since[static_cast<std::size_t>(period)];
    if (!alike || !nearly_equal(time_of(period, rank), time)) return false;
    since = std::max(since, *alike);
    until = std::min(until, rank.steps.back().end);
  }
  const Seconds together = until - since;
  return together > time || nearly_equal(together, time);
}

void Repeat::skip(int period) {
  stop_ = count_ - (count_ - front_) / period * period;
  jump_ = (count_ - stop_) / period * time_of(period, by_rank_.front());
}

}  // namespace simrun
