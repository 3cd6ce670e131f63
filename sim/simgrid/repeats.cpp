#include "sim/simgrid/repeats.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {
namespace {

/// Clocks are sums of many doubles: equal durations differ in their last digits.
bool equal(Seconds a, Seconds b) {
  return std::abs(a.value - b.value) <= 1e-9 * std::max(a.value, b.value);
}

}  // namespace

void Repeat::finish(int step, Seconds duration) {
  Step& now = steps_[static_cast<std::size_t>(step)];
  if (now.finished++ == 0) now.duration = duration;
  now.alike = now.alike && equal(now.duration, duration);
  if (now.finished < ranks_ || step == 0 || front_ >= stop_) return;
  const Step& before = steps_[static_cast<std::size_t>(step) - 1];
  if (now.alike && before.alike && equal(now.duration, before.duration)) {
    stop_ = front_;
    step_time_ = now.duration;
  }
}

}  // namespace simrun
