#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/network/ethernet_tcp.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// The network between the workers' hosts.
struct Network {
  enum class Topology {
    star,      ///< every host on one switch
    tree,      ///< switches of hosts_per_switch hosts, each joined to a core by one uplink
    chain,     ///< the same switches one after another, each joined to the next by one uplink
    platform,  ///< read from a SimGrid platform file
  };
  enum class Model {
    ideal,         ///< SimGrid's CM02 with factors 1: no cross-traffic, no TCP window, full duplex
    lv08,          ///< SimGrid's corrections for TCP (Velho and Legrand, 2009), as it sets them by default
    ethernet_tcp,  ///< fitted to real traffic
  };

  enum class Placement {
    by_switch,    ///< the first hosts_per_switch ranks on one switch, and so on
    round_robin,  ///< one rank on each switch in turn
    shuffled,     ///< at random
  };

  Topology topology = Topology::star;
  BytesPerSecond bandwidth;  ///< of a host's link, each way
  Seconds latency;           ///< one way, host to host, through the switch
  Model model = Model::ideal;
  EthernetTcp tcp;                                         ///< model ethernet_tcp
  const TcpSoftware* software = &tcp_softwares().front();  ///< model ethernet_tcp: where `tcp` comes from
  int hosts_per_switch = 0;                                ///< tree, chain
  BytesPerSecond uplink_bandwidth;                         ///< tree, chain; each way
  Seconds uplink_latency;                                  ///< tree, chain; added for every uplink crossed
  Placement placement = Placement::by_switch;              ///< tree, chain: which ranks are on which switch
  std::int64_t placement_seed = 1;                         ///< of a shuffled placement
  std::string platform;                                    ///< platform: the file
  std::vector<std::string> hosts;                          ///< platform: the hosts by rank; empty: all, in file order

  /// A message of more than this starts when its sender has sent it and its receiver is ready to receive it; any other
  /// when it is sent. 64 KiB unless `tcp` says otherwise: so do Open MPI's over TCP and SMPI.
  Bytes eager_limit() const { return model == Model::ethernet_tcp ? tcp.eager_limit : EthernetTcp{}.eager_limit; }
};

struct NetworkModelEntry {
  const char* name;
  const char* summary;
  Network::Model model;
};

std::span<const NetworkModelEntry> network_models();
const char* name_of(Network::Model model);

}  // namespace simrun
