#pragma once

#include <string>

#include "sim/units.hpp"

namespace simrun {

/// The network between the workers' hosts.
struct Network {
  enum class Topology {
    star,      ///< every host on one switch
    tree,      ///< switches of hosts_per_switch hosts, each joined to a core by one uplink
    platform,  ///< read from a SimGrid platform file
  };
  enum class Model {
    ideal,  ///< SimGrid's CM02 with factors 1: no cross-traffic, no TCP window, full duplex
    lv08,   ///< SimGrid's corrections for TCP (Velho and Legrand, 2009), as it sets them by default
  };

  Topology topology = Topology::star;
  BytesPerSecond bandwidth;  ///< of a host's link, each way
  Seconds latency;           ///< one way, host to host, through the switch
  Model model = Model::ideal;
  int hosts_per_switch = 0;         ///< tree
  BytesPerSecond uplink_bandwidth;  ///< tree; each way
  Seconds uplink_latency;           ///< tree; added for every uplink crossed
  std::string platform;             ///< platform: the file
};

}  // namespace simrun
