#include "sim/simulation/device.hpp"

#include <algorithm>

namespace simrun {

std::size_t Device::submit(const Piece& piece) {
  stream_.push_back(piece);
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
  asked_[static_cast<std::size_t>(activity)] += duration;
  if (divisible_ && divisible_->end > now) {
    started_until_ = interrupt(activity, duration, now);
  } else {
    run(activity, now, duration);
    started_until_ = free_at_;
  }
  return started_until_;
}

Seconds Device::repeat_since(const Asked& before, int times, Seconds begin) {
  for (std::size_t i = 0; i < asked_.size(); ++i) {
    const Seconds duration = static_cast<double>(times) * (asked_[i] - before[i]);
    if (duration.value <= 0) continue;
    const auto activity = static_cast<Activity>(i);
    if (divisible_ && divisible_->end > begin) {
      begin = interrupt(activity, duration, begin);
    } else {
      run(activity, begin, duration);
      begin = free_at_;
    }
    asked_[i] += duration;
  }
  return begin;
}

std::vector<Span> Device::take_spans() {
  if (divisible_) divide(std::min(clock_.now(), divisible_->end));
  return std::exchange(spans_, {});
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
  if (!piece.is_divisible || piece.duration.value <= 0) return;
  divisible_ = spans_.back();
  spans_.pop_back();
}

/// Does work before what is left of the divisible piece by then. Returns when it is done.
Seconds Device::interrupt(Activity activity, Seconds duration, Seconds begin) {
  divide(std::max(begin, divisible_->begin));
  spans_.push_back({activity, divisible_->begin, divisible_->begin + duration, duration});
  divisible_->begin = spans_.back().end;
  divisible_->end += duration;
  free_at_ += duration;
  ends_.back() += duration;
  return divisible_->begin;
}

/// What is done of the divisible piece by then becomes a span.
void Device::divide(Seconds at) {
  Span& rest = *divisible_;
  if (at > rest.begin) {
    const Seconds done = at < rest.end ? at - rest.begin : rest.duration;
    spans_.push_back({rest.activity, rest.begin, at, done});
    rest.duration = rest.duration - done;
    rest.begin = at;
  }
  if (rest.begin >= rest.end) divisible_.reset();
}

void Device::run(Activity activity, Seconds earliest, Seconds duration) {
  if (duration.value <= 0) return;
  if (divisible_) divide(divisible_->end);
  const Seconds begin = std::max(free_at_, earliest);
  free_at_ = begin + duration;
  spans_.push_back({activity, begin, free_at_, duration});
}

}  // namespace simrun
