#pragma once

#include <cstddef>
#include <functional>

#include "sim/scheduling/partition.hpp"

namespace simrun {

struct SearchedPartition {
  Partition partition;
  std::size_t evaluations = 0;  ///< of different cuts
};

/// Two groups, cut where MergeComp's search ends: it halves the range of cuts by comparing two that are 2 apart, as if
/// times fell towards the best cut from both sides, and takes the best of those that it has tried.
/// Source: MergeComp's code (commit 82bc96c), scheduler.py.
SearchedPartition search_one_cut(std::size_t tensors, const std::function<Seconds(const Partition&)>& evaluate);

/// The same with more groups, up to `most_groups`: one more is tried while the last gained at least a `threshold` of
/// the time (the paper's rule). How it searches several cuts is not published; here equal counts are the beginning, and
/// one cut after another is searched as above, between its neighbours, until none gains.
SearchedPartition search_cuts(std::size_t tensors, const std::function<Seconds(const Partition&)>& evaluate,
                              std::size_t most_groups, double threshold = 0.01);

}  // namespace simrun
