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

/// The times of every group of neighbours, each asked for once.
class AllGroups {
 public:
  AllGroups(std::size_t tensors, const TimesOfGroup& times) : tensors_(tensors), times_((tensors + 1) * (tensors + 1)) {
    for (std::size_t first = 0; first < tensors; ++first) {
      for (std::size_t last = first + 1; last <= tensors; ++last)
        times_[first * (tensors + 1) + last] = times(first, last);
    }
  }

  const GroupTimes& at(std::size_t first, std::size_t last) const { return times_[first * (tensors_ + 1) + last]; }

  /// For each place the least sum of `cost` over all ways to group what is behind it.
  template <class Cost>
  std::vector<double> least_behind(const Cost& cost) const {
    std::vector<double> least(tensors_ + 1, std::numeric_limits<double>::infinity());
    least[tensors_] = 0;
    for (std::size_t first = tensors_; first-- > 0;) {
      for (std::size_t last = first + 1; last <= tensors_; ++last)
        least[first] = std::min(least[first], cost(at(first, last)) + least[last]);
    }
    return least;
  }

 private:
  std::size_t tensors_;
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
  Search(std::span<const Seconds> backward, const TimesOfGroup& times)
      : tensors_(backward.size()),
        before_(sums_before(backward)),
        groups_(tensors_, times),
        bound_(groups_, before_),
        whole_(time_of({tensors_}, backward, times).value) {}

  /// The best of those that can be faster than `known`, or as fast, and have at most so many groups; none if there is
  /// none. With at most so many states at a place it may be missed.
  std::optional<BestPartition> run(double known, std::size_t most_states,
                                   std::optional<std::size_t> most_groups) const {
    std::vector<std::vector<State>> fronts(tensors_ + 1);
    fronts[0].push_back({});
    BestPartition best;
    for (std::size_t last = 1; last <= tensors_; ++last) {
      for (std::size_t first = 0; first < last; ++first) extend(fronts, first, last, known, most_groups);
      if (fronts[last].size() > most_states) keep_best(fronts[last], last, most_states);
      best.most_states = std::max(best.most_states, fronts[last].size());
    }
    if (fronts[tensors_].empty()) return std::nullopt;
    read_back(fronts, best);
    return best;
  }

 private:
  void extend(std::vector<std::vector<State>>& fronts, std::size_t first, std::size_t last, double known,
              std::optional<std::size_t> most_groups) const {
    const double backward = before_[last] - before_[first];
    const double slack = 1e-13 * whole_;
    for (std::size_t i = 0; i < fronts[first].size(); ++i) {
      const State& from = fronts[first][i];
      if (most_groups && from.groups >= *most_groups) continue;
      const Clocks clocks = after(from.clocks, backward, groups_.at(first, last));
      if (bound_.of(clocks, last) > known) continue;
      add_state(fronts[last], {clocks, from.groups + 1, first, i}, most_groups.has_value(), slack);
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
      last = state->from;
    }
    std::reverse(best.partition.begin(), best.partition.end());
  }

  std::size_t tensors_;
  std::vector<double> before_;
  AllGroups groups_;
  Bound bound_;
  double whole_;  ///< time of one group, s
};

}  // namespace

BestPartition best_partition(std::span<const Seconds> backward, const TimesOfGroup& times,
                             std::optional<std::size_t> most_groups) {
  constexpr std::size_t few = 8;
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double rounding = 1 + 1e-12;
  const Search search(backward, times);
  // A good partition, found with few states, bounds what the exact search must look at.
  const double known = search.run(infinity, few, most_groups).value().time.value * rounding;
  const BestPartition best = search.run(known, all, most_groups).value();
  // As fast with few groups?
  constexpr double as_fast = 1 + 1e-9;
  constexpr std::size_t tried = 3;
  for (std::size_t groups = 1; groups <= std::min(tried, best.partition.size() - 1); ++groups) {
    if (const auto fewer = search.run(best.time.value * as_fast, all, groups)) return *fewer;
  }
  return best;
}

SearchedPartition search_one_cut(std::size_t tensors, const std::function<Seconds(const Partition&)>& evaluate) {
  constexpr std::size_t step = 2;
  std::map<std::size_t, double> known;
  const auto time = [&](std::size_t cut) {
    const auto [entry, is_new] = known.try_emplace(cut, 0.0);
    if (is_new) entry->second = evaluate({cut, tensors}).value;
    return entry->second;
  };
  std::size_t low = 1;
  std::size_t high = tensors > 0 ? tensors - 1 : 0;
  while (low + 1 < high) {
    const std::size_t middle = (low + high) / 2;
    const std::size_t beyond = std::min(middle + step, tensors - 1);
    if (time(middle) > time(beyond)) {
      low = beyond;
    } else {
      high = middle;
    }
  }
  std::size_t cut = tensors / 2;
  double least = std::numeric_limits<double>::infinity();
  for (const auto& [tried, taken] : known) {
    if (tried <= 1 || tried + 1 >= tensors || taken >= least) continue;
    cut = tried;
    least = taken;
  }
  if (cut == 0) return {{tensors}, known.size()};
  return {{cut, tensors}, known.size()};
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

Grouping::Explicit named_groups(const Model& model, const Partition& partition) {
  Grouping::Explicit named;
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
