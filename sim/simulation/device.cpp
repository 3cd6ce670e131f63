#include "sim/simulation/device.hpp"

#include <algorithm>

namespace simrun {

std::size_t Device::submit(Activity activity, Seconds duration) {
  stream_.push_back({activity, duration, clock_.now()});
  return ends_.size() + stream_.size() - 1;
}

bool Device::is_done(std::size_t piece) {
  catch_up();
  return piece < ends_.size() && ends_[piece] <= clock_.now();
}

void Device::finish(std::size_t piece) {
  while (ends_.size() <= piece) begin_next();
  clock_.wait_until(ends_[piece]);
}

void Device::finish() {
  while (!stream_.empty()) begin_next();
  clock_.wait_until(free_at_);
}

Seconds Device::start(Activity activity, Seconds duration) {
  const Seconds now = clock_.now();
  if (duration.value <= 0) return now;
  catch_up();
  run(activity, now, duration);
  return free_at_;
}

/// Begins what of the stream has begun before now.
void Device::catch_up() {
  while (!stream_.empty() && std::max(free_at_, stream_.front().submitted) < clock_.now()) begin_next();
}

void Device::begin_next() {
  const Piece piece = stream_.front();
  stream_.pop_front();
  run(piece.activity, piece.submitted, piece.duration);
  ends_.push_back(std::max(free_at_, piece.submitted));
}

void Device::run(Activity activity, Seconds earliest, Seconds duration) {
  if (duration.value <= 0) return;
  const Seconds begin = std::max(free_at_, earliest);
  free_at_ = begin + duration;
  spans_.push_back({activity, begin, free_at_, duration});
}

}  // namespace simrun
