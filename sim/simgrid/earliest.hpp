#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace simrun {

/// Which of some numbers from 0 up has the earliest time; each has one at most, which may change. A heap that knows
/// where everything is.
class Earliest {
 public:
  bool empty() const { return heap_.empty(); }
  int number() const { return heap_.front(); }
  double time() const { return time_of(0); }

  void set(int number, double time) {
    const auto n = static_cast<std::size_t>(number);
    if (n >= places_.size()) {
      places_.resize(n + 1, none);
      times_.resize(n + 1);
    }
    times_[n] = time;
    if (places_[n] == none) {
      places_[n] = heap_.size();
      heap_.push_back(number);
    }
    down(up(places_[n]));
  }

  void remove(int number) {
    const auto n = static_cast<std::size_t>(number);
    if (n >= places_.size() || places_[n] == none) return;
    const std::size_t hole = places_[n];
    swap(hole, heap_.size() - 1);
    heap_.pop_back();
    places_[n] = none;
    if (hole < heap_.size()) down(up(hole));
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  double time_of(std::size_t place) const { return times_[static_cast<std::size_t>(heap_[place])]; }

  void swap(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    places_[static_cast<std::size_t>(heap_[a])] = a;
    places_[static_cast<std::size_t>(heap_[b])] = b;
  }

  std::size_t up(std::size_t place) {
    for (; place > 0 && time_of(place) < time_of((place - 1) / 2); place = (place - 1) / 2)
      swap(place, (place - 1) / 2);
    return place;
  }

  void down(std::size_t place) {
    for (std::size_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
      if (child + 1 < heap_.size() && time_of(child + 1) < time_of(child)) ++child;
      if (time_of(place) <= time_of(child)) return;
      swap(place, child);
      place = child;
    }
  }

  std::vector<int> heap_;            ///< numbers, the earliest in front
  std::vector<std::size_t> places_;  ///< in the heap, by number
  std::vector<double> times_;        ///< by number
};

}  // namespace simrun
