#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sim/network/ethernet_tcp.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// Hosts on switches, which are joined by uplinks.
struct Switches {
  enum class Placement {
    by_switch,    ///< the first hosts_per_switch ranks on one switch, and so on
    round_robin,  ///< one rank on each switch in turn
    shuffled,     ///< at random
  };
  int hosts_per_switch = 1;
  BytesPerSecond uplink_bandwidth;             ///< each way
  Seconds uplink_latency;                      ///< added for every uplink crossed
  Placement placement = Placement::by_switch;  ///< which ranks are on which switch
  std::int64_t placement_seed = 1;             ///< of a shuffled placement

  friend bool operator==(const Switches&, const Switches&) = default;
};

/// All on one switch.
struct Star {
  friend bool operator==(const Star&, const Star&) = default;
};

/// Each switch joined to a core by one uplink.
struct Tree : Switches {
  friend bool operator==(const Tree&, const Tree&) = default;
};

/// Switches one after another, each joined to the next by one uplink.
struct Chain : Switches {
  friend bool operator==(const Chain&, const Chain&) = default;
};

struct PlatformFile {
  static constexpr double most_factor = 1e6;

  std::string platform;            ///< a file of SimGrid's
  std::vector<std::string> hosts;  ///< names by rank; empty: all, in file order
  double bandwidth_factor = 1;     ///< by which the bandwidth of every link is multiplied; above 0, at most most_factor
  double latency_factor = 1;       ///< the same of latency

  friend bool operator==(const PlatformFile&, const PlatformFile&) = default;
};

/// How hosts are joined.
using Topology = std::variant<Star, Tree, Chain, PlatformFile>;

struct TopologyEntry {
  const char* name;
  const char* summary;
  bool has_switches;
  Topology (*make)(const Switches&);
};

/// Those that have a name: all but platform files.
std::span<const TopologyEntry> topologies();

/// Of a tree or a chain; null of what has none.
const Switches* switches_of(const Topology& topology);

/// What joins the GPUs of a host to each other and to its network card.
struct IntraHost {
  enum class Kind {
    nvlink,  ///< every GPU has links of its own
    pcie,    ///< every GPU has links of its own, and what all of them send goes through one that they share
  };
  Kind kind = Kind::nvlink;
  BytesPerSecond bandwidth;                        ///< of a GPU's links, each way
  Seconds latency;                                 ///< one way, GPU to GPU
  std::optional<BytesPerSecond> shared_bandwidth;  ///< pcie; none: the shared link is no bottleneck

  friend bool operator==(const IntraHost&, const IntraHost&) = default;
};

/// The network between the workers' hosts.
struct Network {
  enum class Model {
    ideal,         ///< latency and bandwidth alone: no cross-traffic, no TCP window, full duplex
    lv08,          ///< SimGrid's corrections for TCP (Velho and Legrand, 2009), as it sets them by default
    ethernet_tcp,  ///< fitted to real traffic
  };

  Topology topology;
  BytesPerSecond bandwidth;  ///< of a host's link, each way; not with a platform file
  Seconds latency;           ///< one way, host to host, through the switch; not with a platform file
  int gpus_per_host = 1;     ///< ranks in a row on a host, whose network card they share; not with a platform file
  IntraHost intra_host;      ///< where a host has several; the model is that between hosts, inside it is ideal
  Model model = Model::ideal;
  EthernetTcp tcp;                                         ///< model ethernet_tcp
  const TcpSoftware* software = &tcp_softwares().front();  ///< model ethernet_tcp: where `tcp` comes from

  /// A message of more than this starts when its sender has sent it and its receiver is ready to receive it; any other
  /// when it is sent. 64 KiB unless `tcp` says otherwise: so do Open MPI's over TCP and SMPI.
  Bytes eager_limit() const { return model == Model::ethernet_tcp ? tcp.eager_limit : EthernetTcp{}.eager_limit; }

  friend bool operator==(const Network&, const Network&) = default;
};

struct NetworkModelEntry {
  const char* name;
  const char* summary;
  Network::Model model;
};

std::span<const NetworkModelEntry> network_models();
const char* name_of(Network::Model model);

}  // namespace simrun
