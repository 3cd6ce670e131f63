#include "sim/collectives/hierarchy.hpp"

#include <algorithm>

namespace simrun {

std::span<const HierarchyEntry> hierarchies() {
  static constexpr HierarchyEntry table[] = {
      {"flat", "every GPU exchanges with all", Hierarchy::flat},
      {"shard", "each GPU of a host for its part of the host's gradient", Hierarchy::shard},
      {"leader", "one GPU of a host for all of the host's gradient", Hierarchy::leader},
  };
  return table;
}

const char* name_of(Hierarchy hierarchy) {
  return std::ranges::find(hierarchies(), hierarchy, &HierarchyEntry::hierarchy)->name;
}

}  // namespace simrun
