#include "sim/scheduling/partition.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace simrun {
namespace {

/// How far everything is after the groups so far, in seconds.
struct Clocks {
  double computed = 0;  ///< backward pass and encoding
  double sent = 0;      ///< exchanges
  double decoded = 0;   ///< decoding, if only exchanges held it up
  double worked = 0;    ///< computing, encoding and decoding, if nothing held it up

  /// When all is decoded, if this is all.
  double end() const { return std::max(decoded, worked); }

  /// But for a `slack`.
  bool is_no_earlier_than(const Clocks& other, double slack) const {
    return computed + slack >= other.computed && sent + slack >= other.sent && decoded + slack >= other.decoded &&
           worked + slack >= other.worked;
  }
};

Clocks after(Clocks clocks, double backward, const GroupTimes& group) {
  clocks.computed += backward + group.encode.value;
  clocks.sent = std::max(clocks.computed, clocks.sent) + group.exchange.value;
  clocks.decoded = std::max(clocks.decoded, clocks.sent) + group.decode.value;
  clocks.worked += backward + group.encode.value + group.decode.value;
  return clocks;
}

/// A partial partition.
struct State {
  Clocks clocks;
  std::size_t groups = 0;
  std::size_t from = 0;    ///< where the last group begins
  std::size_t before = 0;  ///< the state there
  std::size_t way = 0;     ///< in which the last group travels
};

/// True if the first leaves nothing to gain from the second.
bool is_as_good(const State& a, const State& b, bool groups_count, double slack) {
  return b.clocks.is_no_earlier_than(a.clocks, slack) && (!groups_count || b.groups >= a.groups);
}

/// Keeps the states that no other is as good as. One that is better than another by less than `slack`, as rounding
/// makes it, is not added; none is taken out for one that is not better. So slacks add up from place to place, not at a
/// place.
void add_state(std::vector<State>& front, const State& state, bool groups_count, double slack) {
  for (const State& other : front) {
    if (is_as_good(other, state, groups_count, slack)) return;
  }
  std::erase_if(front, [&](const State& other) { return is_as_good(state, other, groups_count, 0); });
  front.push_back(state);
}

/// The times of every group of neighbours in every way, each asked for once.
class AllGroups {
 public:
  AllGroups(std::size_t tensors, std::span<const TimesOfGroup> ways)
      : tensors_(tensors), ways_(ways.size()), times_((tensors + 1) * (tensors + 1) * ways.size()) {
    for (std::size_t first = 0; first < tensors; ++first) {
      for (std::size_t last = first + 1; last <= tensors; ++last) {
        for (std::size_t way = 0; way < ways_; ++way)
          times_[(first * (tensors + 1) + last) * ways_ + way] = ways[way](first, last);
      }
    }
  }

  /// By way.
  std::span<const GroupTimes> at(std::size_t first, std::size_t last) const {
    return std::span(times_).subspan((first * (tensors_ + 1) + last) * ways_, ways_);
  }

  /// For each place the least sum of `cost` over all ways to group what is behind it and to let it travel.
  template <class Cost>
  std::vector<double> least_behind(const Cost& cost) const {
    std::vector<double> least(tensors_ + 1, std::numeric_limits<double>::infinity());
    least[tensors_] = 0;
    for (std::size_t first = tensors_; first-- > 0;) {
      for (std::size_t last = first + 1; last <= tensors_; ++last) {
        for (const GroupTimes& each : at(first, last)) least[first] = std::min(least[first], cost(each) + least[last]);
      }
    }
    return least;
  }

 private:
  std::size_t tensors_;
  std::size_t ways_;
  std::vector<GroupTimes> times_;
};

/// What no way to go on from a state can be faster than.
class Bound {
 public:
  Bound(const AllGroups& groups, const std::vector<double>& backward_before)
      : before_(backward_before),
        exchange_(groups.least_behind([](const GroupTimes& each) { return each.exchange.value; })),
        work_(groups.least_behind([](const GroupTimes& each) { return (each.encode + each.decode).value; })),
        encode_(groups.least_behind([](const GroupTimes& each) { return each.encode.value; })) {}

  double of(const Clocks& clocks, std::size_t place) const {
    const double backward = before_.back() - before_[place];
    const double sent = std::max(clocks.sent, clocks.computed) + exchange_[place];
    return std::max(
        {clocks.worked + backward + work_[place], clocks.computed + backward + encode_[place], sent, clocks.decoded});
  }

 private:
  const std::vector<double>& before_;
  std::vector<double> exchange_;
  std::vector<double> work_;
  std::vector<double> encode_;
};

std::vector<double> sums_before(std::span<const Seconds> times) {
  std::vector<double> sums(times.size() + 1);
  for (std::size_t i = 0; i < times.size(); ++i) sums[i + 1] = sums[i] + times[i].value;
  return sums;
}

}  // namespace

Seconds time_of(const Partition& partition, std::span<const Seconds> backward, const TimesOfGroup& times) {
  const std::vector<double> before = sums_before(backward);
  Clocks clocks;
  std::size_t first = 0;
  for (const std::size_t last : partition) {
    clocks = after(clocks, before[last] - before[first], times(first, last));
    first = last;
  }
  return Seconds(clocks.end());
}

namespace {

/// Goes through the tensors with the states that may lead to the best partition.
class Search {
 public:
  Search(std::span<const Seconds> backward, std::span<const TimesOfGroup> ways)
      : tensors_(backward.size()), before_(sums_before(backward)), groups_(tensors_, ways), bound_(groups_, before_) {}

  /// The best of those that can be faster than `known`, or as fast, and have at most so many groups; empty if there is
  /// none. With at most so many states at a place it may be missed.
  BestPartition run(double known, std::size_t most_states, std::optional<std::size_t> most_groups, double slack) const {
    std::vector<std::vector<State>> fronts(tensors_ + 1);
    fronts[0].push_back({});
    BestPartition best;
    for (std::size_t last = 1; last <= tensors_; ++last) {
      for (std::size_t first = 0; first < last; ++first) {
        extend(fronts, first, last, known, most_groups, slack);
        if (fronts[last].size() <= most_states) continue;
        keep_best(fronts[last], last, most_states);
        best.is_proved = false;
      }
      best.most_states = std::max(best.most_states, fronts[last].size());
    }
    if (!fronts[tensors_].empty()) read_back(fronts, best);
    return best;
  }

 private:
  void extend(std::vector<std::vector<State>>& fronts, std::size_t first, std::size_t last, double known,
              std::optional<std::size_t> most_groups, double slack) const {
    const double backward = before_[last] - before_[first];
    for (std::size_t i = 0; i < fronts[first].size(); ++i) {
      const State& from = fronts[first][i];
      if (most_groups && from.groups >= *most_groups) continue;
      const std::span<const GroupTimes> ways = groups_.at(first, last);
      for (std::size_t way = 0; way < ways.size(); ++way) {
        const Clocks clocks = after(from.clocks, backward, ways[way]);
        if (bound_.of(clocks, last) > known) continue;
        add_state(fronts[last], {clocks, from.groups + 1, first, i, way}, most_groups.has_value(), slack);
      }
    }
  }

  void keep_best(std::vector<State>& front, std::size_t place, std::size_t count) const {
    const auto middle = front.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(front.begin(), middle, front.end(), [&](const State& a, const State& b) {
      return bound_.of(a.clocks, place) < bound_.of(b.clocks, place);
    });
    front.erase(middle, front.end());
  }

  void read_back(const std::vector<std::vector<State>>& fronts, BestPartition& best) const {
    const std::vector<State>& ends = fronts[tensors_];
    const State* state = &*std::min_element(ends.begin(), ends.end(), [](const State& a, const State& b) {
      return std::pair(a.clocks.end(), a.groups) < std::pair(b.clocks.end(), b.groups);
    });
    best.time = Seconds(state->clocks.end());
    for (std::size_t last = tensors_; last > 0; state = &fronts[last][state->before]) {
      best.partition.push_back(last);
      best.ways.push_back(state->way);
      last = state->from;
    }
    std::reverse(best.partition.begin(), best.partition.end());
    std::reverse(best.ways.begin(), best.ways.end());
  }

  std::size_t tensors_;
  std::vector<double> before_;
  AllGroups groups_;
  Bound bound_;
};

}  // namespace

BestPartition best_partition(std::span<const Seconds> backward, std::span<const TimesOfGroup> ways,
                             std::optional<std::size_t> most_groups, double tolerance, std::size_t most_states) {
  constexpr std::size_t few = 8;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double rounding = 1e-12;
  const Search search(backward, ways);
  const double rough = 1e-13 * time_of({backward.size()}, backward, ways.front()).value;
  // A good partition, found with few states, bounds what the exact search must look at.
  BestPartition best = search.run(infinity, few, most_groups, rough);
  const double slack = std::max(rough, tolerance / 2 * best.time.value / static_cast<double>(backward.size()));
  const double known = best.time.value * (1 + rounding - tolerance / 2);
  BestPartition better = search.run(known, most_states, most_groups, slack);
  const bool is_proved = better.is_proved;
  if (!better.partition.empty()) best = std::move(better);
  best.is_proved = is_proved;
  // As fast with few groups?
  constexpr double as_fast = 1 + 1e-9;
  constexpr std::size_t tried = 3;
  for (std::size_t groups = 1; groups <= std::min(tried, best.partition.size() - 1); ++groups) {
    BestPartition fewer = search.run(best.time.value * as_fast, most_states, groups, slack);
    if (fewer.partition.empty()) continue;
    fewer.is_proved = is_proved;
    return fewer;
  }
  return best;
}

Partition equal_counts(std::size_t tensors, std::size_t groups) {
  const std::size_t each = std::max<std::size_t>(1, tensors / std::max<std::size_t>(groups, 1));
  Partition partition;
  for (std::size_t last = each; last < tensors && partition.size() + 1 < groups; last += each)
    partition.push_back(last);
  partition.push_back(tensors);
  return partition;
}

Partition equal_sizes(std::span<const std::uint64_t> elements, std::size_t groups) {
  double all = 0;
  for (const std::uint64_t each : elements) all += static_cast<double>(each);
  Partition partition;
  double so_far = 0;
  for (std::size_t i = 0; i + 1 < elements.size(); ++i) {
    so_far += static_cast<double>(elements[i]);
    const auto shares = static_cast<double>(partition.size() + 1);
    if (partition.size() + 1 < groups && so_far >= all * shares / static_cast<double>(groups))
      partition.push_back(i + 1);
  }
  partition.push_back(elements.size());
  return partition;
}

Grouping::Explicit named_groups(const Model& model, const Partition& partition, std::vector<std::size_t> dense) {
  Grouping::Explicit named;
  named.dense = std::move(dense);
  std::size_t first = 0;
  for (const std::size_t last : partition) {
    std::vector<std::string> names;
    for (; first < last; ++first) names.push_back(model.tensors[model.tensors.size() - 1 - first].name);
    named.groups.push_back(std::move(names));
  }
  return named;
}

Partition partition_of(std::span<const Group> groups) {
  Partition partition;
  std::size_t last = 0;
  for (const Group& group : groups) partition.push_back(last += group.tensors.size());
  return partition;
}

}  // namespace simrun
