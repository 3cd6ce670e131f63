#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sim/text/units.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// Tensors in backward order, cut into groups of neighbours: where each group ends. The last is the number of tensors.
using Partition = std::vector<std::size_t>;

/// What one group takes.
struct GroupTimes {
  Seconds encode;
  Seconds exchange;
  Seconds decode;
};

/// Of the group of tensors [first, last) in backward order.
using TimesOfGroup = std::function<GroupTimes(std::size_t first, std::size_t last)>;

/// The rules of execution (MergeComp, arXiv 2103.15195, as its code has them): a group is encoded, on the device that
/// computes the backward pass, when its last tensor's gradient is there; groups are exchanged one after another; they
/// are decoded, one after another, when the backward pass and all encoding are done.
///
/// Returns the time from the begin of the backward pass until all is decoded. `backward`: of each tensor, in backward
/// order.
Seconds time_of(const Partition& partition, std::span<const Seconds> backward, const TimesOfGroup& times);

struct BestPartition {
  Partition partition;
  Seconds time;
  std::size_t most_states = 0;  ///< partial partitions that were kept at one place
};

/// The partition of least time_of, of at most so many groups. Exact but for rounding, to 1e-13 a tensor: of two partial
/// partitions that end at the same place, one is dropped if none of its clocks is earlier; so is what can no longer be
/// faster than a partition that is known. Where one of at most 3 groups is as fast, to 1e-9, that with the fewest is
/// returned.
BestPartition best_partition(std::span<const Seconds> backward, const TimesOfGroup& times,
                             std::optional<std::size_t> most_groups = std::nullopt);

struct SearchedPartition {
  Partition partition;
  std::size_t evaluations = 0;  ///< of different cuts
};

/// Two groups, cut where MergeComp's search ends: it halves the range of cuts by comparing two that are 2 apart, as if
/// times fell towards the best cut from both sides, and takes the best of those that it has tried.
/// Source: MergeComp's code (commit 82bc96c), scheduler.py.
SearchedPartition search_one_cut(std::size_t tensors, const std::function<Seconds(const Partition&)>& evaluate);

/// So many groups with as many tensors each, or nearly: cut every floor(T / groups) tensors, the rest in the last.
Partition equal_counts(std::size_t tensors, std::size_t groups);

/// So many groups of nearly as many elements each: each ends where its share of all is reached. `elements`: of each
/// tensor in backward order.
Partition equal_sizes(std::span<const std::uint64_t> elements, std::size_t groups);

/// The same as groups of names.
Grouping::Explicit named_groups(const Model& model, const Partition& partition);

/// The partition of a schedule whose groups are neighbours in backward order.
Partition partition_of(std::span<const Group> groups);

}  // namespace simrun
