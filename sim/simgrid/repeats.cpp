#include "sim/simgrid/repeats.hpp"

namespace simrun {

void Repeat::finish(int step, Seconds duration) {
  Step& now = steps_[static_cast<std::size_t>(step)];
  if (now.finished++ == 0) now.duration = duration;
  now.alike = now.alike && nearly_equal(now.duration, duration);
  if (now.finished < ranks_ || step == 0 || front_ >= stop_) return;
  const Step& before = steps_[static_cast<std::size_t>(step) - 1];
  if (now.alike && before.alike && nearly_equal(now.duration, before.duration)) {
    stop_ = front_;
    step_time_ = now.duration;
  }
}

}  // namespace simrun
