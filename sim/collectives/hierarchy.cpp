#include "sim/collectives/hierarchy.hpp"

#include <algorithm>
#include <vector>

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

void serve_hosts(const HostGroups& hosts, const Collective& collective, Transport& transport,
                 const Aggregator& aggregator) {
  std::vector<PartTransport> parts;
  for (int place = 0; place < hosts.shards(); ++place)
    parts.emplace_back(transport, hosts.across_hosts(place), hosts.hierarchy != Hierarchy::leader);
  std::vector<Transport*> groups;
  for (PartTransport& part : parts) groups.push_back(&part);
  collective.serve(groups, aggregator);
}

}  // namespace simrun
