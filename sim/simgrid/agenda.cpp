#include "sim/simgrid/agenda.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace simrun {

using simgrid::kernel::timer::Timer;

bool Agenda::is_later(const Entry& a, const Entry& b) {
  return std::tie(a.time, a.rank, a.number) > std::tie(b.time, b.rank, b.number);
}

Agenda::~Agenda() {
  if (timer_ != nullptr) timer_->remove();
}

void Agenda::at(Seconds time, std::function<void()> what, int rank) {
  const bool is_next = entries_.empty() || time < entries_.front().time;
  if (free_whats_.empty()) {
    free_whats_.push_back(static_cast<int>(whats_.size()));
    whats_.emplace_back();
  }
  const int place = free_whats_.back();
  free_whats_.pop_back();
  whats_[static_cast<std::size_t>(place)] = std::move(what);
  entries_.push_back({time, count_++, rank, place});
  std::push_heap(entries_.begin(), entries_.end(), is_later);
  if (is_next && !is_running_) set_timer();
}

void Agenda::run_due() {
  timer_ = nullptr;
  is_running_ = true;
  now_ = std::max(now_, entries_.front().time);
  while (!entries_.empty() && entries_.front().time <= now()) {
    std::pop_heap(entries_.begin(), entries_.end(), is_later);
    const int place = entries_.back().what;
    entries_.pop_back();
    const std::function<void()> what = std::move(whats_[static_cast<std::size_t>(place)]);
    free_whats_.push_back(place);
    what();
  }
  is_running_ = false;
  if (!entries_.empty()) set_timer();
}

void Agenda::set_timer() {
  if (timer_ != nullptr) timer_->remove();
  // SimGrid's clock is coarser where it has counted on, and actors that now go on must be done before a later time.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const Seconds next = entries_.front().time;
  const double first = next > now() ? std::nextafter(simgrids_now().value, infinity) : simgrids_now().value;
  timer_ = Timer::set(std::max(first, (begin_ + next).value), [this] { run_due(); });
}

}  // namespace simrun
