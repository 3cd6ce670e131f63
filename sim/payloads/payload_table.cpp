#include "sim/payloads/payload_table.hpp"

#include <algorithm>

#include "sim/workload/schedule.hpp"

namespace simrun {

PayloadTable::PayloadTable(const Scenario& scenario, std::size_t encoders, std::size_t steps)
    : encoders_(encoders), steps_(steps) {
  const std::vector<Group> whole = groups_of(scenario);
  const std::vector<Group> encoded = encoded_groups(scenario);
  const std::vector<std::uint64_t> entries = encoded_entries(scenario, encoded);
  groups_ = whole.size();
  const HostGroups hosts = scenario.host_groups();
  workers_an_encoder_ = static_cast<std::size_t>(hosts.workers / hosts.encoders());
  first_round_ = hosts.hierarchy == Hierarchy::flat ? 0 : 1;
  const std::vector<Round> own = make_rounds(scenario.method, nullptr, hosts.hierarchy);
  const std::vector<Round> dense = make_dense_rounds(scenario.method, nullptr, hosts.hierarchy);
  for (std::size_t r = 0; r < std::max(own.size(), dense.size()); ++r) {
    RoundOfAll all;
    for (std::size_t g = 0; g < groups_; ++g) {
      const std::vector<Round>& rounds = whole[g].is_dense ? dense : own;
      all.payloads.emplace_back();
      all.senders.push_back(Sender::nobody);
      if (r >= rounds.size()) continue;
      const Round& round = rounds[r];
      const Group& group = round.part == Round::Part::reduce ? whole[g] : encoded[g];
      const auto header = round.codec->shape(group.elements, entries[g], shapes_of(*scenario.model, group));
      if (header) all.payloads.back() = Payload::size_only(*header);
      if (round.part == Round::Part::exchange) all.senders.back() = round.is_led() ? Sender::leader : Sender::all;
    }
    const std::vector<Payload> of_one = all.payloads;
    for (std::size_t i = 1; i < encoders * steps; ++i)
      all.payloads.insert(all.payloads.end(), of_one.begin(), of_one.end());
    rounds_.push_back(std::move(all));
  }
}

std::size_t PayloadTable::take_groups(const PayloadTable& part, std::size_t first) {
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    for (std::size_t i = 0; i < part.rounds_[round].payloads.size(); ++i)
      set(i / part.groups_, first + i % part.groups_, part.rounds_[round].payloads[i], round);
  }
  return first + part.groups_;
}

const Payload* PayloadTable::combined(std::size_t encoders, std::size_t group) const {
  const auto found = combined_.find({encoders, group});
  return found == combined_.end() ? nullptr : &found->second;
}

PayloadTable PayloadTable::sizes_of_first() const {
  PayloadTable table = *this;
  table.steps_ = 1;
  for (RoundOfAll& round : table.rounds_) {
    round.payloads.resize(groups_);
    for (Payload& payload : round.payloads) payload = payload.without_contents();
  }
  return table;
}

double PayloadTable::mean_bytes(std::size_t workers, int m) const {
  double mean = 0;
  const auto count = static_cast<double>(workers * steps_);
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    double of_all = 0;
    double of_leaders = 0;
    for (std::size_t i = 0; i < workers * steps_; ++i) {
      for (std::size_t group = 0; group < groups_; ++group) {
        const Sender sender = rounds_[round].senders[group];
        const auto bytes = static_cast<double>(at(i % workers, group, round, i / workers).size());
        if (sender == Sender::all) of_all += bytes;
        if (sender == Sender::leader) of_leaders += bytes;
      }
    }
    mean += of_all / count + of_leaders / count / m;
  }
  return mean;
}

}  // namespace simrun
