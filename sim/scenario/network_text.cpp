#include "sim/scenario/network_text.hpp"

#include <set>

#include "sim/scenario/chosen.hpp"
#include "sim/scenario/entry_field.hpp"
#include "sim/scenario/ethernet_tcp_text.hpp"

namespace simrun {
namespace {

/// A network as it stands in the file.
struct NetworkText {
  std::optional<std::string> platform;
  std::optional<std::vector<std::string>> hosts;
  std::optional<Network::Topology> topology;
  std::optional<BytesPerSecond> bandwidth;
  std::optional<Seconds> latency;
  Network::Model model = Network::Model::ideal;
  std::optional<Bytes> mtu;
  std::optional<const TcpSoftware*> software;
  std::optional<EthernetTcpText> tcp;
  std::optional<std::int64_t> hosts_per_switch;
  std::optional<BytesPerSecond> uplink_bandwidth;
  std::optional<Seconds> uplink_latency;
  std::optional<Network::Placement> placement;
  std::optional<std::int64_t> placement_seed;
  std::int64_t gpus_per_host = 1;
};

Network network_of(const NetworkText& text, const Where& where) {
  Network network;
  network.model = text.model;
  const bool is_tcp = network.model == Network::Model::ethernet_tcp;
  const Chosen of_model{std::string("model ") + name_of(network.model), where};
  Bytes mtu = usual_mtu;
  EthernetTcpText tcp;
  of_model.take(text.mtu, mtu, optional_if(is_tcp), "mtu");
  of_model.take(text.software, network.software, optional_if(is_tcp), "software");
  of_model.take(text.tcp, tcp, optional_if(is_tcp), "tcp");
  network.tcp = tcp.with(*network.software, mtu);
  const bool from_file = text.platform.has_value();
  network.topology = from_file ? Network::Topology::platform : text.topology.value_or(Network::Topology::star);
  const bool chain = network.topology == Network::Topology::chain;
  const bool switches = chain || network.topology == Network::Topology::tree;
  const Chosen chosen{from_file  ? "a platform file"
                      : chain    ? "topology chain"
                      : switches ? "topology tree"
                                 : "topology star",
                      where};
  if (from_file) network.platform = *text.platform;
  chosen.take(text.hosts, network.hosts, optional_if(from_file), "hosts");
  Network::Topology unused;
  chosen.take(text.topology, unused, optional_if(!from_file), "topology");
  chosen.take(text.bandwidth, network.bandwidth, required_if(!from_file), "bandwidth");
  chosen.take(text.latency, network.latency, required_if(!from_file), "latency");
  chosen.take(text.hosts_per_switch, network.hosts_per_switch, required_if(switches), "hosts_per_switch");
  chosen.take(text.uplink_bandwidth, network.uplink_bandwidth, required_if(switches), "uplink_bandwidth");
  chosen.take(text.uplink_latency, network.uplink_latency, required_if(switches), "uplink_latency");
  chosen.take(text.placement, network.placement, optional_if(switches), "placement");
  const bool shuffled = network.placement == Network::Placement::shuffled;
  const Chosen of_placement{shuffled ? "placement shuffled" : "a placement other than shuffled", where};
  of_placement.take(text.placement_seed, network.placement_seed, required_if(shuffled), "placement_seed");
  return network;
}

Field<std::int64_t> one_gpu() {
  Field<std::int64_t> field = whole(1, 1);
  field.read = [read = field.read](Json& value, const Where& where) {
    if (value.is_number() && value != 1)
      where.fail("is " + brief(value),
                 "accepted: 1 (a server of several GPUs is a switch of topology tree, its network card the uplink)");
    return read(value, where);
  };
  return field;
}

/// Names of hosts: a rank each.
Field<std::vector<std::string>> distinct_names() {
  return convert(list_of(text()), [](std::vector<std::string> names, const Where& where) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!seen.insert(names[i]).second)
        (where / i).fail("names " + brief(names[i]) + " again", "accepted: a host once, since a host is a rank");
    }
    return names;
  });
}

}  // namespace

Field<Network> network_field() {
  using Topology = Network::Topology;
  return convert(
      Object<NetworkText>()
          .optional("platform", &NetworkText::platform, text(),
                    "a SimGrid platform file instead of a topology; its hosts in file order are the ranks")
          .optional("hosts", &NetworkText::hosts, distinct_names(),
                    "platform: names of its hosts, by rank; left out, all in file order")
          .optional("topology", &NetworkText::topology,
                    usually(choice<Topology>(
                                {{"star", Topology::star}, {"tree", Topology::tree}, {"chain", Topology::chain}}),
                            "star"),
                    "star, or switches of hosts: tree joins each to a core by an uplink, chain each to the next")
          .optional("bandwidth", &NetworkText::bandwidth, bandwidth(), "bandwidth of a host's link, each way")
          .optional("latency", &NetworkText::latency, latency(), "latency one way, host to host, through the switch")
          .with_default("model", "ideal", &NetworkText::model,
                        convert(entry_of(network_models()),
                                [](const NetworkModelEntry* entry, const Where&) { return entry->model; }),
                        "what a transfer costs beside latency and bandwidth")
          .optional("mtu", &NetworkText::mtu, usually(mtu_field(), "1500 B"),
                    "ethernet-tcp: bytes of IP in a full frame, which set the goodput")
          .optional("software", &NetworkText::software, usually(entry_of(tcp_softwares()), "open-mpi"),
                    "ethernet-tcp: what sends, and so which constants")
          .optional("tcp", &NetworkText::tcp, ethernet_tcp_field(), "ethernet-tcp: its constants, where they are known")
          .optional("hosts_per_switch", &NetworkText::hosts_per_switch, whole(1, 65536),
                    "tree, chain: hosts on one switch")
          .optional("uplink_bandwidth", &NetworkText::uplink_bandwidth, bandwidth(),
                    "tree, chain: bandwidth of a switch's uplink, each way")
          .optional("uplink_latency", &NetworkText::uplink_latency, latency(),
                    "tree, chain: latency added for every uplink crossed")
          .optional("placement", &NetworkText::placement,
                    usually(choice<Network::Placement>({{"by-switch", Network::Placement::by_switch},
                                                        {"round-robin", Network::Placement::round_robin},
                                                        {"shuffled", Network::Placement::shuffled}}),
                            "by-switch"),
                    "tree, chain: on which switch ranks are: the first ones on the first, in turn, or at random")
          .optional("placement_seed", &NetworkText::placement_seed, whole(0, std::numeric_limits<std::int64_t>::max()),
                    "shuffled: seed of the placement")
          .with_default("gpus_per_host", 1, &NetworkText::gpus_per_host, one_gpu(),
                        "reserved; a server of several GPUs is a switch")
          .field(),
      network_of);
}

}  // namespace simrun
