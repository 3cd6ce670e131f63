#include "sim/network/network.hpp"

#include <algorithm>

namespace simrun {

std::span<const TopologyEntry> topologies() {
  static constexpr TopologyEntry table[] = {
      {"star", "every host on one switch", false, [](const Switches&) { return Topology(Star{}); }},
      {"tree", "switches of hosts, each joined to a core by one uplink", true,
       [](const Switches& switches) { return Topology(Tree{switches}); }},
      {"chain", "switches of hosts, each joined to the next by one uplink", true,
       [](const Switches& switches) { return Topology(Chain{switches}); }},
  };
  return table;
}

const Switches* switches_of(const Topology& topology) {
  if (const auto* tree = std::get_if<Tree>(&topology)) return tree;
  return std::get_if<Chain>(&topology);
}

std::span<const NetworkModelEntry> network_models() {
  using Model = Network::Model;
  static constexpr NetworkModelEntry table[] = {
      {"ideal", "no overheads: latency and bandwidth as given, full duplex, fair sharing", Model::ideal},
      {"lv08", "SimGrid's corrections for TCP: 97 % of the bandwidth, 13.01 times the latency, window, cross-traffic",
       Model::lv08},
      {"ethernet-tcp",
       "TCP as an MPI or NCCL uses it: goodput of full frames, acknowledgements, time of a message, rendezvous",
       Model::ethernet_tcp},
  };
  return table;
}

const char* name_of(Network::Model model) {
  const auto table = network_models();
  return std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.model == model; })->name;
}

}  // namespace simrun
