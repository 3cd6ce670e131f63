#include "sim/scheduling/partition.hpp"

#include <algorithm>
#include <limits>

#include "sim/scheduling/clocks.hpp"

namespace simrun {
namespace {

/// A partial partition.
template <class Clocks>
struct State {
  Clocks clocks;
  std::size_t groups = 0;
  std::size_t from = 0;    ///< where the last group begins
  std::size_t before = 0;  ///< the state there
  std::size_t way = 0;     ///< in which the last group travels
};

/// True if the first leaves nothing to gain from the second.
template <class Clocks>
bool is_as_good(const State<Clocks>& a, const State<Clocks>& b, bool groups_count, double slack) {
  return b.clocks.is_no_earlier_than(a.clocks, slack) && (!groups_count || b.groups >= a.groups);
}

/// Keeps the states that no other is as good as. One that is better than another by less than `slack`, as rounding
/// makes it, is not added; none is taken out for one that is not better. So slacks add up from place to place, not at a
/// place.
template <class Clocks>
void add_state(std::vector<State<Clocks>>& front, const State<Clocks>& state, bool groups_count, double slack) {
  for (const auto& other : front) {
    if (is_as_good(other, state, groups_count, slack)) return;
  }
  std::erase_if(front, [&](const auto& other) { return is_as_good(state, other, groups_count, 0); });
  front.push_back(state);
}

}  // namespace

Seconds time_of(const Partition& partition, std::span<const Seconds> backward, const TimesOfGroup& times, Rules rules) {
  const BackwardPass pass(backward);
  const auto end = [&](auto clocks) {
    std::size_t first = 0;
    for (const std::size_t last : partition) {
      clocks = clocks.after(pass, first, last, times(first, last));
      first = last;
    }
    return Seconds(clocks.finished().end());
  };
  return rules == Rules::flat ? end(FlatClocks{}) : end(HostClocks{});
}

namespace {

/// Goes through the tensors with the states that may lead to the best partition.
template <class Clocks>
class Search {
 public:
  Search(std::span<const Seconds> backward, std::span<const TimesOfGroup> ways)
      : tensors_(backward.size()), pass_(backward), groups_(tensors_, ways), bound_(groups_, pass_) {}

  /// The best of those that can be faster than `known`, or as fast, and have at most so many groups; empty if there is
  /// none. With at most so many states at a place it may be missed.
  BestPartition run(double known, std::size_t most_states, std::optional<std::size_t> most_groups, double slack) const {
    Fronts fronts(tensors_ + 1);
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
  using Fronts = std::vector<std::vector<State<Clocks>>>;  ///< by place

  void extend(Fronts& fronts, std::size_t first, std::size_t last, double known, std::optional<std::size_t> most_groups,
              double slack) const {
    for (std::size_t i = 0; i < fronts[first].size(); ++i) {
      const State<Clocks>& from = fronts[first][i];
      if (most_groups && from.groups >= *most_groups) continue;
      const std::span<const GroupTimes> ways = groups_.at(first, last);
      for (std::size_t way = 0; way < ways.size(); ++way) {
        Clocks clocks = from.clocks.after(pass_, first, last, ways[way]);
        if (last == tensors_) clocks = clocks.finished();
        if (bound_.of(clocks, last) > known) continue;
        add_state<Clocks>(fronts[last], {clocks, from.groups + 1, first, i, way}, most_groups.has_value(), slack);
      }
    }
  }

  void keep_best(std::vector<State<Clocks>>& front, std::size_t place, std::size_t count) const {
    const auto middle = front.begin() + static_cast<std::ptrdiff_t>(count);
    std::nth_element(front.begin(), middle, front.end(), [&](const auto& a, const auto& b) {
      return bound_.of(a.clocks, place) < bound_.of(b.clocks, place);
    });
    front.erase(middle, front.end());
  }

  void read_back(const Fronts& fronts, BestPartition& best) const {
    const auto& ends = fronts[tensors_];
    const State<Clocks>* state = &*std::min_element(ends.begin(), ends.end(), [](const auto& a, const auto& b) {
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
  BackwardPass pass_;
  GroupTable groups_;
  typename Clocks::Bound bound_;
};

template <class Clocks>
BestPartition best_by(const Search<Clocks>& search, std::size_t tensors, double rough,
                      std::optional<std::size_t> most_groups, double tolerance, std::size_t most_states) {
  constexpr std::size_t few = 8;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double rounding = 1e-12;
  // A good partition, found with few states, bounds what the exact search must look at.
  BestPartition best = search.run(infinity, few, most_groups, rough);
  const double each = Clocks::may_be_slack ? tolerance / 2 * best.time.value / static_cast<double>(tensors) : 0;
  const double slack = std::max(rough, each);
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

}  // namespace

BestPartition best_partition(std::span<const Seconds> backward, std::span<const TimesOfGroup> ways,
                             std::optional<std::size_t> most_groups, double tolerance, std::size_t most_states,
                             Rules rules) {
  const double rough = 1e-13 * time_of({backward.size()}, backward, ways.front(), rules).value;
  const auto best = [&](const auto& search) {
    return best_by(search, backward.size(), rough, most_groups, tolerance, most_states);
  };
  return rules == Rules::flat ? best(Search<FlatClocks>(backward, ways)) : best(Search<HostClocks>(backward, ways));
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
