#pragma once

#include <cstddef>
#include <functional>
#include <limits>
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
  Seconds reduce = {};  ///< with a hierarchy: to be added up inside the hosts, before it is encoded
  Seconds share = {};   ///< likewise: to be shared inside the hosts, after it is decoded
};

/// Of the group of tensors [first, last) in backward order.
using TimesOfGroup = std::function<GroupTimes(std::size_t first, std::size_t last)>;

/// The rules of execution.
enum class Rules {
  /// A group is encoded, on the device that computes the backward pass, when its last tensor's gradient is there;
  /// groups are exchanged one after another; they are decoded, one after another, when the backward pass and all
  /// encoding are done (MergeComp, arXiv 2103.15195, as its code has them).
  flat,
  /// One after another, each group is added up inside the hosts when its last tensor's gradient is there, encoded, as
  /// soon as the tensor is done that the device is at, and exchanged. All but the last are decoded, one after another,
  /// while that is exchanged; when it is, one after another is shared inside the hosts.
  in_hosts,
};

/// The time from the begin of the backward pass until all is decoded, and shared. `backward`: of each tensor, in
/// backward order.
Seconds time_of(const Partition& partition, std::span<const Seconds> backward, const TimesOfGroup& times,
                Rules rules = Rules::flat);

struct BestPartition {
  Partition partition;
  std::vector<std::size_t> ways;  ///< by group: in which it travels
  Seconds time;
  std::size_t most_states = 0;  ///< partial partitions that were kept at one place
  bool is_proved = true;        ///< that none is faster; false where states were left out
};

/// The partition of least time_of, of at most so many groups. A group may travel in one of several ways, each with
/// times of its own: compressed or not. Exact but for rounding, to 1e-13 a tensor: of two partial partitions that end
/// at the same place, one is dropped if none of its clocks is earlier; so is what can no longer be faster than a
/// partition that is known. Where one of at most 3 groups is as fast, to 1e-9, that with the fewest is returned.
///
/// With several ways there may be very many partial partitions of which none is better by every clock. At most
/// `most_states` are kept at a place, those that may lead to the least times; where more would have been needed, the
/// result is not proved. `tolerance`: a proved time is at most so much, in parts of it, above the least.
BestPartition best_partition(std::span<const Seconds> backward, std::span<const TimesOfGroup> ways,
                             std::optional<std::size_t> most_groups = std::nullopt, double tolerance = 0,
                             std::size_t most_states = std::numeric_limits<std::size_t>::max(),
                             Rules rules = Rules::flat);

/// The same for one way.
inline BestPartition best_partition(std::span<const Seconds> backward, const TimesOfGroup& times,
                                    std::optional<std::size_t> most_groups = std::nullopt, Rules rules = Rules::flat) {
  return best_partition(backward, std::span(&times, 1), most_groups, 0, std::numeric_limits<std::size_t>::max(), rules);
}

/// So many groups with as many tensors each, or nearly: cut every floor(T / groups) tensors, the rest in the last.
Partition equal_counts(std::size_t tensors, std::size_t groups);

/// So many groups of nearly as many elements each: each ends where its share of all is reached. `elements`: of each
/// tensor in backward order.
Partition equal_sizes(std::span<const std::uint64_t> elements, std::size_t groups);

/// The same as groups of names. `dense`: numbers of those that are not compressed.
Grouping::Explicit named_groups(const Model& model, const Partition& partition, std::vector<std::size_t> dense = {});

/// The partition of a schedule whose groups are neighbours in backward order.
Partition partition_of(std::span<const Group> groups);

}  // namespace simrun
