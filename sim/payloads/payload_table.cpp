#include "sim/payloads/payload_table.hpp"

#include <algorithm>

#include "sim/workload/schedule.hpp"

namespace simrun {

PayloadTable PayloadTable::of_sizes(const Scenario& scenario) {
  const auto codec = scenario.method.codec->make(scenario.method.options, make_cpu_primitives(1));
  const std::vector<Group> groups = make_schedule(*scenario.model, scenario.grouping);
  const std::vector<std::uint64_t> entries = share_entries(groups, scenario.entries());
  PayloadTable table(1, groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g)
    table.set(0, g, Payload::size_only(*codec->shape(groups[g].elements, entries[g])));
  return table;
}

PayloadTable PayloadTable::sizes_of_first() const {
  PayloadTable table(1, groups_);
  for (std::size_t g = 0; g < groups_; ++g) table.set(0, g, at(0, g).without_contents());
  return table;
}

double PayloadTable::mean_bytes(std::size_t workers) const {
  double total = 0;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    for (std::size_t group = 0; group < groups_; ++group) total += static_cast<double>(at(worker, group).size());
  }
  return total / static_cast<double>(workers);
}

}  // namespace simrun
