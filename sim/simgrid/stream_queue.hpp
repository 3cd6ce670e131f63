#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/text/units.hpp"

namespace simrun {

class Row;

/// Messages of streams that are to leave: the earliest first, of those at one time the one that was pushed first. What
/// leaves pushes what follows it a message's time later. So messages of few sizes are pushed almost in order: they are
/// in lanes, which are in order, and only what fits at the end of none is in a heap.
class StreamQueue {
 public:
  struct Event {
    Seconds time;
    std::uint64_t number;
    Row* row;
    int offset;
  };

  /// When the next one is to leave; infinity: none.
  Seconds next() const {
    const Event* const first = find_front().second;
    return first != nullptr ? first->time : Seconds(std::numeric_limits<double>::infinity());
  }

  void push(Seconds time, Row* row, int offset) {
    const Event event{time, count_++, row, offset};
    for (std::deque<Event>& lane : lanes_) {
      if (lane.empty() || lane.back().time <= time) return lane.push_back(event);
    }
    heap_.push_back(event);
    std::push_heap(heap_.begin(), heap_.end(), is_later);
  }

  /// The next one, if it is to leave by `until`.
  std::optional<Event> pop(Seconds until) {
    const auto [lane, first] = find_front();
    if (first == nullptr || first->time > until) return std::nullopt;
    const Event event = *first;
    if (lane < lanes_.size()) {
      lanes_[lane].pop_front();
    } else {
      std::pop_heap(heap_.begin(), heap_.end(), is_later);
      heap_.pop_back();
    }
    return event;
  }

 private:
  static bool is_later(const Event& a, const Event& b) {
    return std::tie(a.time, a.number) > std::tie(b.time, b.number);
  }

  /// The next one, if any, and its lane; behind the last lane: the heap.
  std::pair<std::size_t, const Event*> find_front() const {
    std::pair<std::size_t, const Event*> front{lanes_.size(), heap_.empty() ? nullptr : &heap_.front()};
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (!lanes_[i].empty() && (front.second == nullptr || is_later(*front.second, lanes_[i].front())))
        front = {i, &lanes_[i].front()};
    }
    return front;
  }

  std::array<std::deque<Event>, 3> lanes_;
  std::vector<Event> heap_;
  std::uint64_t count_ = 0;
};

}  // namespace simrun
