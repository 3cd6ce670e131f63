#include "sim/scheduling/mergecomp_search.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace simrun {
namespace {

using Evaluate = std::function<Seconds(const Partition&)>;

/// What partitions take; each is evaluated once.
class Evaluations {
 public:
  explicit Evaluations(const Evaluate& evaluate) : evaluate_(evaluate) {}

  double of(const Partition& partition) {
    const auto [entry, is_new] = known_.try_emplace(partition, 0.0);
    if (is_new) entry->second = evaluate_(partition).value;
    return entry->second;
  }
  std::size_t count() const { return known_.size(); }

 private:
  const Evaluate& evaluate_;
  std::map<Partition, double> known_;
};

/// Moves the partition's cut number `cut`, which lies behind `low` and before `high`, to the best place that
/// MergeComp's search tries; leaves it where it is if there is none.
void search_cut(Partition& partition, std::size_t cut, std::size_t low, std::size_t high, Evaluations& evaluations) {
  constexpr std::size_t step = 2;
  const std::size_t first = low;
  const std::size_t last = high;
  std::map<std::size_t, double> tried;
  const auto time = [&](std::size_t place) {
    Partition moved = partition;
    moved[cut] = place;
    return tried[place] = evaluations.of(moved);
  };
  while (low + 1 < high) {
    const std::size_t middle = (low + high) / 2;
    const std::size_t beyond = std::min(middle + step, last);
    if (time(middle) > time(beyond)) {
      low = beyond;
    } else {
      high = middle;
    }
  }
  double least = std::numeric_limits<double>::infinity();
  for (const auto& [place, taken] : tried) {
    if (place <= first || place >= last || taken >= least) continue;
    partition[cut] = place;
    least = taken;
  }
}

/// Moves one cut after another until none gains.
Partition search_all_cuts(Partition partition, Evaluations& evaluations) {
  double before = std::numeric_limits<double>::infinity();
  while (evaluations.of(partition) < before) {
    before = evaluations.of(partition);
    for (std::size_t cut = 0; cut + 1 < partition.size(); ++cut) {
      Partition moved = partition;
      search_cut(moved, cut, cut > 0 ? partition[cut - 1] + 1 : 1, partition[cut + 1] - 1, evaluations);
      if (evaluations.of(moved) < evaluations.of(partition)) partition = std::move(moved);
    }
  }
  return partition;
}

Partition with_one_cut(std::size_t tensors, Evaluations& evaluations) {
  if (tensors < 2) return {tensors};
  Partition partition = {tensors / 2, tensors};
  search_cut(partition, 0, 1, tensors - 1, evaluations);
  return partition;
}

}  // namespace

SearchedPartition search_one_cut(std::size_t tensors, const Evaluate& evaluate) {
  Evaluations evaluations(evaluate);
  Partition found = with_one_cut(tensors, evaluations);
  return {std::move(found), evaluations.count()};
}

SearchedPartition search_cuts(std::size_t tensors, const Evaluate& evaluate, std::size_t most_groups,
                              double threshold) {
  Evaluations evaluations(evaluate);
  Partition found = with_one_cut(tensors, evaluations);
  for (std::size_t groups = 3; groups <= std::min(most_groups, tensors); ++groups) {
    Partition further = search_all_cuts(equal_counts(tensors, groups), evaluations);
    if (evaluations.of(further) > (1 - threshold) * evaluations.of(found)) break;
    found = std::move(further);
  }
  return {std::move(found), evaluations.count()};
}

}  // namespace simrun
