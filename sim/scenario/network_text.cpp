#include "sim/scenario/network_text.hpp"

#include <set>

#include "sim/scenario/entry_field.hpp"
#include "sim/scenario/ethernet_tcp_text.hpp"

namespace simrun {
namespace {

/// A network as it stands in the file.
struct NetworkText : Network, PlatformFile, Switches {
  const TopologyEntry* entry = &topologies().front();
  Bytes mtu = usual_mtu;
  EthernetTcpText tcp_text;

  bool is_file() const { return !platform.empty(); }
  bool has_switches() const { return !is_file() && entry->has_switches; }
  bool may_have_gpus() const { return !is_file() && model != Model::lv08; }
  bool is_shuffled() const { return has_switches() && placement == Placement::shuffled; }
};

Network network_of(const NetworkText& text, const Where&) {
  Network network = text;
  network.tcp = text.tcp_text.with(*text.software, text.mtu);
  network.topology = text.is_file() ? Topology(PlatformFile(text)) : text.entry->make(text);
  return network;
}

// What fields are to the choices before them.

Fit with_tcp(const NetworkText& text) {
  return Fit::to(std::string("model ") + name_of(text.model), optional_if(text.model == Network::Model::ethernet_tcp));
}

std::string topology_of(const NetworkText& text) {
  return text.is_file() ? "a platform file" : std::string("topology ") + text.entry->name;
}

Fit with_file(const NetworkText& text) {
  return Fit::to(topology_of(text), optional_if(text.is_file()));
}

Fit without_file(const NetworkText& text, Use use, Json if_missing = nullptr) {
  const Use fit = text.is_file() ? Use::none : use;
  return Fit::to(topology_of(text), fit, std::move(if_missing));
}

Fit with_switches(const NetworkText& text, Use use, Json if_missing = nullptr) {
  return Fit::to(topology_of(text), text.has_switches() ? use : Use::none, std::move(if_missing));
}

Fit with_gpus(const NetworkText& text) {
  const bool used = text.may_have_gpus();
  return Fit::to(text.model == Network::Model::lv08 ? std::string("model ") + name_of(text.model) : topology_of(text),
                 optional_if(used), used ? Json(1) : Json());
}

Fit with_several_gpus(const NetworkText& text) {
  return Fit::to(text.gpus_per_host > 1 ? "several GPUs a host" : "one GPU a host",
                 required_if(text.gpus_per_host > 1));
}

Fit with_shuffle(const NetworkText& text) {
  return Fit::to(text.is_shuffled() ? "placement shuffled" : "a placement other than shuffled",
                 required_if(text.is_shuffled()));
}

Field<IntraHost> intra_host_field() {
  using Kind = IntraHost::Kind;
  return Object<IntraHost>()
      .required("kind", &IntraHost::kind, choice<Kind>({{"nvlink", Kind::nvlink}, {"pcie", Kind::pcie}}),
                "nvlink: every GPU has links of its own; pcie: what all send also goes through one that they share")
      .required("bandwidth", &IntraHost::bandwidth, bandwidth(), "bandwidth of a GPU's links, each way")
      .required("latency", &IntraHost::latency, latency(), "latency one way, GPU to GPU")
      .either(
          "shared_bandwidth",
          [](const IntraHost& read) { return Fit::to("kind nvlink", optional_if(read.kind == Kind::pcie)); },
          &IntraHost::shared_bandwidth, bandwidth(), "pcie: of all that the host's GPUs send together")
      .field();
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

Field<double> link_factor() {
  return usually(number({.least = 0, .most = PlatformFile::most_factor, .without_least = true}), 1);
}

/// Of topologies that have several switches.
Object<NetworkText>& add_switch_fields(Object<NetworkText>& object) {
  using Text = NetworkText;
  const auto required_with_switches = [](const Text& text) { return with_switches(text, Use::required); };
  return object
      .either("hosts_per_switch", required_with_switches, &Text::hosts_per_switch, whole(1, 65536),
              "tree, chain: hosts on one switch")
      .either("uplink_bandwidth", required_with_switches, &Text::uplink_bandwidth, bandwidth(),
              "tree, chain: bandwidth of a switch's uplink, each way")
      .either("uplink_latency", required_with_switches, &Text::uplink_latency, latency(),
              "tree, chain: latency added for every uplink crossed")
      .either(
          "placement", [](const Text& text) { return with_switches(text, Use::optional, "by-switch"); },
          &Text::placement,
          usually(choice<Switches::Placement>({{"by-switch", Switches::Placement::by_switch},
                                               {"round-robin", Switches::Placement::round_robin},
                                               {"shuffled", Switches::Placement::shuffled}}),
                  "by-switch"),
          "tree, chain: on which switch ranks are: the first ones on the first, in turn, or at random")
      .either("placement_seed", with_shuffle, &Text::placement_seed, whole(0, std::numeric_limits<std::int64_t>::max()),
              "shuffled: seed of the placement");
}

}  // namespace

Field<Network> network_field() {
  using Text = NetworkText;
  const auto required_without_file = [](const Text& text) { return without_file(text, Use::required); };
  Object<Text> object;
  object
      .optional("platform", &Text::platform, name_text(),
                "a SimGrid platform file instead of a topology; its hosts in file order are the ranks")
      .either(
          "topology", [](const Text& text) { return without_file(text, Use::optional, "star"); }, &Text::entry,
          usually(entry_of(topologies()), "star"), "how hosts are joined")
      .either("hosts", with_file, &Text::hosts, distinct_names(),
              "platform: names of its hosts, by rank; left out, all in file order")
      .either("bandwidth_factor", with_file, &Text::bandwidth_factor, link_factor(),
              "platform: by which the bandwidth of every link is multiplied")
      .either("latency_factor", with_file, &Text::latency_factor, link_factor(),
              "platform: by which the latency of every link is multiplied")
      .either("bandwidth", required_without_file, &Text::bandwidth, bandwidth(), "bandwidth of a host's link, each way")
      .either("latency", required_without_file, &Text::latency, latency(),
              "latency one way, host to host, through the switch")
      .with_default("model", "ideal", &Text::model,
                    convert(entry_of(network_models()),
                            [](const NetworkModelEntry* entry, const Where&) { return entry->model; }),
                    "what a transfer costs beside latency and bandwidth")
      .either("mtu", with_tcp, &Text::mtu, usually(mtu_field(), "1500 B"),
              "ethernet-tcp: bytes of IP in a full frame, which set the goodput")
      .either("software", with_tcp, &Text::software, usually(entry_of(tcp_softwares()), "open-mpi"),
              "ethernet-tcp: what sends, and so which constants")
      .either("tcp", with_tcp, &Text::tcp_text, ethernet_tcp_field(),
              "ethernet-tcp: its constants, where they are known");
  add_switch_fields(object)
      .either("gpus_per_host", with_gpus, &Text::gpus_per_host, usually(whole(1, 1024), 1),
              "GPUs of a host, each a worker, that share its network card; ranks in a row are on one host")
      .either("intra_host", with_several_gpus, &Text::intra_host, intra_host_field(),
              "what joins the GPUs of a host, where it has several");
  return convert(object.field(), network_of);
}

}  // namespace simrun
