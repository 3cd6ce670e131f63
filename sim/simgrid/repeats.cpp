#include "sim/simgrid/repeats.hpp"

namespace simrun {
namespace {

constexpr int longest_period = 32;

}  // namespace

void Repeat::finish(int rank, int step, Seconds duration) {
  Step& now = steps_[static_cast<std::size_t>(step)];
  if (now.finished++ == 0) now.durations.resize(static_cast<std::size_t>(ranks_));
  now.durations[static_cast<std::size_t>(rank)] = duration;
  const bool known = stop_ < static_cast<int>(steps_.size());
  if (now.finished < ranks_ || front_ >= stop_ || known) return;
  for (int period = 1; period <= longest_period && 2 * period <= step + 1; ++period) {
    if (repeats_after(period, step)) return skip(period, step);
  }
  const int old = step + 1 - 2 * longest_period;
  if (old >= 0) steps_[static_cast<std::size_t>(old)].durations = {};
}

/// Whether the last `period` steps took every rank as long as those before, and all ranks the same time together.
bool Repeat::repeats_after(int period, int step) const {
  const auto durations = [&](int i) -> const Durations& { return steps_[static_cast<std::size_t>(i)].durations; };
  Durations sums(static_cast<std::size_t>(ranks_));
  for (int i = step; i > step - period; --i) {
    const Durations& now = durations(i);
    const Durations& before = durations(i - period);
    if (!std::equal(now.begin(), now.end(), before.begin(), nearly_equal)) return false;
    std::transform(now.begin(), now.end(), sums.begin(), sums.begin(), [](Seconds a, Seconds b) { return a + b; });
  }
  return std::all_of(sums.begin(), sums.end(), [&](Seconds sum) { return nearly_equal(sum, sums.front()); });
}

void Repeat::skip(int period, int step) {
  const int count = stop_;
  stop_ = count - (count - front_) / period * period;
  Seconds time;
  for (int i = step; i > step - period; --i) time += steps_[static_cast<std::size_t>(i)].durations.front();
  jump_ = (count - stop_) / period * time;
}

}  // namespace simrun
