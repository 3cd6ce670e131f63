#include "sim/payloads/payload_table.hpp"

#include <algorithm>

#include "sim/workload/schedule.hpp"

namespace simrun {

PayloadTable::PayloadTable(const Scenario& scenario, std::size_t workers, std::size_t groups) : groups_(groups) {
  const std::vector<Group> shapes = make_schedule(*scenario.model, scenario.grouping);
  const std::vector<std::uint64_t> entries = share_entries(shapes, scenario.entries());
  for (const Round& round : make_rounds(scenario.method, nullptr)) {
    rounds_.push_back({std::vector<Payload>(workers * groups), round.is_led()});
    for (std::size_t g = 0; g < groups && rounds_.size() > 1; ++g) {
      const auto header = round.codec->shape(shapes[g].elements, entries[g], shapes_of(*scenario.model, shapes[g]));
      for (std::size_t worker = 0; worker < workers; ++worker)
        set(worker, g, Payload::size_only(header.value()), rounds_.size() - 1);
    }
  }
}

PayloadTable PayloadTable::of_sizes(const Scenario& scenario) {
  const auto codec = scenario.method.codec->make(scenario.method.options, nullptr);
  const std::vector<Group> groups = make_schedule(*scenario.model, scenario.grouping);
  const std::vector<std::uint64_t> entries = share_entries(groups, scenario.entries());
  PayloadTable table(scenario, 1, groups.size());
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto header = codec->shape(groups[g].elements, entries[g], shapes_of(*scenario.model, groups[g]));
    table.set(0, g, Payload::size_only(header.value()));
  }
  return table;
}

PayloadTable PayloadTable::sizes_of_first() const {
  PayloadTable table = *this;
  for (RoundOfAll& round : table.rounds_) {
    round.payloads.resize(groups_);
    for (Payload& payload : round.payloads) payload = payload.without_contents();
  }
  return table;
}

double PayloadTable::mean_bytes(std::size_t workers, int m) const {
  double mean = 0;
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    double total = 0;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      for (std::size_t group = 0; group < groups_; ++group)
        total += static_cast<double>(at(worker, group, round).size());
    }
    const double of_one = total / static_cast<double>(workers);
    mean += rounds_[round].is_led ? of_one / m : of_one;
  }
  return mean;
}

}  // namespace simrun
