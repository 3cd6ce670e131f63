#include "sim/payloads/payload_table.hpp"

#include <algorithm>

#include "sim/workload/schedule.hpp"

namespace simrun {

PayloadTable::PayloadTable(const Scenario& scenario, std::size_t encoders) {
  const std::vector<Group> whole = make_schedule(*scenario.model, scenario.grouping);
  const std::vector<Group> encoded = encoded_groups(scenario);
  const std::vector<std::uint64_t> entries = encoded_entries(scenario, encoded);
  groups_ = whole.size();
  const HostGroups hosts = scenario.host_groups();
  workers_an_encoder_ = static_cast<std::size_t>(hosts.workers / hosts.encoders());
  first_round_ = hosts.hierarchy == Hierarchy::flat ? 0 : 1;
  for (const Round& round : make_rounds(scenario.method, nullptr)) {
    const std::vector<Group>& groups = round.part == Round::Part::reduce ? whole : encoded;
    RoundOfAll all{{}, round.is_led(), round.part == Round::Part::exchange};
    for (std::size_t g = 0; g < groups_; ++g) {
      const auto header = round.codec->shape(groups[g].elements, entries[g], shapes_of(*scenario.model, groups[g]));
      all.payloads.push_back(header ? Payload::size_only(*header) : Payload());
    }
    const std::vector<Payload> of_one = all.payloads;
    for (std::size_t encoder = 1; encoder < encoders; ++encoder)
      all.payloads.insert(all.payloads.end(), of_one.begin(), of_one.end());
    rounds_.push_back(std::move(all));
  }
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
    if (!rounds_[round].is_encoded) continue;
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
