#include "sim/payloads/payload_table.hpp"

#include <algorithm>

#include "sim/workload/schedule.hpp"

namespace simrun {

PayloadTable::Sender PayloadTable::sender_of(const Round& round) {
  if (round.part != Round::Part::exchange) return Sender::nobody;
  if (round.is_led()) return Sender::leader;
  return round.codec->combining() == Combining::neighbours ? Sender::neighbours : Sender::all;
}

PayloadTable::PayloadTable(const Scenario& scenario, std::size_t encoders, std::size_t steps)
    : encoders_(encoders), graph_(scenario.method.options.graph) {
  const std::vector<Group> whole = groups_of(scenario);
  const std::vector<Group> encoded = encoded_groups(scenario);
  const std::vector<std::uint64_t> entries = encoded_entries(scenario, encoded);
  groups_ = whole.size();
  const HostGroups hosts = scenario.host_groups();
  workers_an_encoder_ = static_cast<std::size_t>(hosts.workers / hosts.encoders());
  first_round_ = hosts.hierarchy == Hierarchy::flat ? 0 : 1;
  const std::vector<Round> own = make_rounds(scenario.method, nullptr, hosts.hierarchy);
  const std::vector<Round> dense = make_dense_rounds(scenario.method, nullptr, hosts.hierarchy);
  steps_ = steps * own[first_round_].codec->cycle();
  for (std::size_t r = 0; r < std::max(own.size(), dense.size()); ++r) {
    RoundOfAll all;
    all.senders.assign(groups_, Sender::nobody);
    for (std::size_t step = 0; step < steps_; ++step) {
      std::vector<Payload> of_one(groups_);
      for (std::size_t g = 0; g < groups_; ++g) {
        const std::vector<Round>& rounds = whole[g].is_dense ? dense : own;
        if (r >= rounds.size()) continue;
        const Round& round = rounds[r];
        const Group& group = round.part == Round::Part::reduce ? whole[g] : encoded[g];
        const auto shapes = shapes_of(*scenario.model, group);
        const auto header = round.codec->shape_in_step(step, group.elements, entries[g], shapes);
        if (header) of_one[g] = Payload::size_only(*header);
        all.senders[g] = sender_of(round);
      }
      for (std::size_t i = 0; i < encoders; ++i) all.payloads.insert(all.payloads.end(), of_one.begin(), of_one.end());
    }
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
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    std::vector<Payload>& payloads = table.rounds_[round].payloads;
    payloads.clear();
    for (std::size_t step = 0; step < steps_; ++step) {
      for (std::size_t group = 0; group < groups_; ++group)
        payloads.push_back(at(0, group, round, step).without_contents());
    }
  }
  return table;
}

double PayloadTable::mean_bytes(std::size_t workers, int m) const {
  double mean = 0;
  const auto count = static_cast<double>(workers * steps_);
  const double neighbours = mean_degree_of(graph_, m);
  for (std::size_t round = 0; round < rounds_.size(); ++round) {
    double of_all = 0;
    double of_leaders = 0;
    for (std::size_t i = 0; i < workers * steps_; ++i) {
      for (std::size_t group = 0; group < groups_; ++group) {
        const Sender sender = rounds_[round].senders[group];
        const auto bytes = static_cast<double>(at(i % workers, group, round, i / workers).size());
        if (sender == Sender::all) of_all += bytes;
        if (sender == Sender::leader) of_leaders += bytes;
        if (sender == Sender::neighbours) of_all += neighbours * bytes;
      }
    }
    mean += of_all / count + of_leaders / count / m;
  }
  return mean;
}

}  // namespace simrun
