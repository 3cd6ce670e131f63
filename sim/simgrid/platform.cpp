#include "sim/simgrid/platform.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <unordered_map>

// After s4u.hpp, whose macros it needs.
#include <xbt/log.h>

#include "sim/network/placement.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;
using simgrid::kernel::routing::NetPoint;

namespace {

/// Computation is not SimGrid's: hosts only need some speed.
constexpr double host_speed = 1e9;

/// A link each way between `point` and the centre of a star zone.
void join_star(sg4::NetZone& zone, NetPoint* point, NetPoint* gateway, const std::string& name,
               BytesPerSecond bandwidth, Seconds latency) {
  const auto* up = zone.create_link(name + "-up", bandwidth.value)->set_latency(latency.value)->seal();
  const auto* down = zone.create_link(name + "-down", bandwidth.value)->set_latency(latency.value)->seal();
  zone.add_route(point, nullptr, gateway, nullptr, {sg4::LinkInRoute(up)}, false);
  zone.add_route(nullptr, point, nullptr, gateway, {sg4::LinkInRoute(down)}, false);
}

/// A host joined to the centre of `zone`; each of its two links has half of the latency from host to host.
sg4::Host* add_host_of_one(sg4::NetZone& zone, int number, const Network& network) {
  const std::string name = "host-" + std::to_string(number);
  sg4::Host* host = zone.create_host(name, host_speed);
  join_star(zone, host->get_netpoint(), nullptr, name, network.bandwidth, network.latency / 2);
  return host;
}

/// A host of several GPUs, each a rank: a star within `around`, joined to its centre by the host's network card.
std::vector<sg4::Host*> add_host_of_gpus(sg4::NetZone& around, int number, const Network& network) {
  const IntraHost& inside = network.intra_host;
  // TCP takes its share of every link, see configure(), but inside a host there is none.
  const double whole = network.model == Network::Model::ethernet_tcp ? 1 / network.tcp.goodput : 1;
  const std::string name = "host-" + std::to_string(number);
  sg4::NetZone* zone = sg4::create_star_zone(name);
  zone->set_parent(&around);
  std::vector<sg4::LinkInRoute> shared;
  if (inside.shared_bandwidth)
    shared.emplace_back(
        zone->create_link(name + "-pcie", whole * inside.shared_bandwidth->value)->set_latency(0)->seal());
  auto* gateway = zone->create_router(name + "-gateway");
  zone->add_route(nullptr, gateway, nullptr, nullptr, std::vector<sg4::LinkInRoute>{}, false);
  zone->add_route(gateway, nullptr, nullptr, nullptr, shared, false);
  std::vector<sg4::Host*> ranks;
  for (int i = 0; i < network.gpus_per_host; ++i) {
    const std::string gpu = name + "-gpu-" + std::to_string(i);
    sg4::Host* host = zone->create_host(gpu, host_speed);
    const auto link = [&](const char* way) {
      return zone->create_link(gpu + way, whole * inside.bandwidth.value)
          ->set_latency(inside.latency.value / 2)
          ->seal();
    };
    // What a GPU sends passes the link that all share once, wherever it goes.
    std::vector<sg4::LinkInRoute> up = {sg4::LinkInRoute(link("-up"))};
    up.insert(up.end(), shared.begin(), shared.end());
    zone->add_route(host->get_netpoint(), nullptr, nullptr, nullptr, up, false);
    zone->add_route(nullptr, host->get_netpoint(), nullptr, nullptr, {sg4::LinkInRoute(link("-down"))}, false);
    ranks.push_back(host);
  }
  zone->seal();
  join_star(around, zone->get_netpoint(), gateway, name + "-card", network.bandwidth, network.latency / 2);
  return ranks;
}

/// The ranks of a host.
std::vector<sg4::Host*> add_host(sg4::NetZone& zone, int number, const Network& network) {
  if (network.gpus_per_host == 1) return {add_host_of_one(zone, number, network)};
  return add_host_of_gpus(zone, number, network);
}

/// That have so many ranks. The last one may have GPUs that are none.
int count_hosts(const Network& network, int count) {
  return (count + network.gpus_per_host - 1) / network.gpus_per_host;
}

void append(std::vector<sg4::Host*>& all, const std::vector<sg4::Host*>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<sg4::Host*> build(const Star&, sg4::Engine&, const Network& network, int count) {
  sg4::NetZone* zone = sg4::create_star_zone("cluster");
  std::vector<sg4::Host*> ranks;
  for (int i = 0; i < count_hosts(network, count); ++i) append(ranks, add_host(*zone, i, network));
  zone->seal();
  ranks.resize(static_cast<std::size_t>(count));
  return ranks;
}

/// A router at the centre of `zone`, in a zone of its own: SimGrid 3.32 loses links on the way from within a zone to
/// what is beside that zone.
NetPoint* add_gateway(sg4::NetZone& zone, const std::string& name) {
  const std::vector<sg4::LinkInRoute> none;
  sg4::NetZone* own = sg4::create_star_zone(name + "-zone");
  own->set_parent(&zone);
  NetPoint* router = own->create_router(name);
  own->add_route(router, nullptr, nullptr, nullptr, none, false);
  own->add_route(nullptr, router, nullptr, nullptr, none, false);
  own->seal();
  zone.add_route(own->get_netpoint(), nullptr, router, nullptr, none, false);
  zone.add_route(nullptr, own->get_netpoint(), nullptr, router, none, false);
  return router;
}

/// Switches of hosts within `core`, by rank. `join(zone, gateway, name)` joins each to what is there.
template <class Join>
std::vector<sg4::Host*> build_switches(sg4::NetZone* core, const Network& network, const Switches& switches, int count,
                                       const Join& join) {
  const int per_switch = switches.hosts_per_switch;
  const int host_count = count_hosts(network, count);
  std::vector<std::vector<sg4::Host*>> hosts;
  for (int first = 0; first < host_count; first += per_switch) {
    const std::string name = "switch-" + std::to_string(first / per_switch);
    sg4::NetZone* zone = sg4::create_star_zone(name);
    zone->set_parent(core);
    NetPoint* gateway = add_gateway(*zone, name + "-gateway");
    for (int i = first; i < std::min(host_count, first + per_switch); ++i) hosts.push_back(add_host(*zone, i, network));
    zone->seal();
    join(zone->get_netpoint(), gateway, name + "-uplink");
  }
  core->seal();
  std::vector<sg4::Host*> by_rank;
  for (const int host : place_hosts(switches, host_count)) append(by_rank, hosts[static_cast<std::size_t>(host)]);
  by_rank.resize(static_cast<std::size_t>(count));
  return by_rank;
}

std::vector<sg4::Host*> build(const Tree& tree, sg4::Engine&, const Network& network, int count) {
  sg4::NetZone* core = sg4::create_star_zone("core");
  return build_switches(core, network, tree, count, [&](NetPoint* zone, NetPoint* gateway, const std::string& name) {
    join_star(*core, zone, gateway, name, tree.uplink_bandwidth, tree.uplink_latency);
  });
}

std::vector<sg4::Host*> build(const Chain& chain, sg4::Engine&, const Network& network, int count) {
  sg4::NetZone* core = sg4::create_dijkstra_zone("core", true);
  NetPoint* last = nullptr;
  NetPoint* last_gateway = nullptr;
  return build_switches(core, network, chain, count, [&](NetPoint* zone, NetPoint* gateway, const std::string& name) {
    if (last != nullptr) {
      const auto link = [&](const char* way) {
        return core->create_link(name + way, chain.uplink_bandwidth.value)
            ->set_latency(chain.uplink_latency.value)
            ->seal();
      };
      core->add_route(last, zone, last_gateway, gateway, {sg4::LinkInRoute(link("-up"))}, false);
      core->add_route(zone, last, gateway, last_gateway, {sg4::LinkInRoute(link("-down"))}, false);
    }
    last = zone;
    last_gateway = gateway;
  });
}

std::vector<sg4::Host*> build(const PlatformFile& file, sg4::Engine& engine, const Network&, int count) {
  std::vector<sg4::Host*> hosts = load_platform(engine, file.platform);
  if (!file.hosts.empty()) hosts = hosts_named(hosts, file.hosts);
  if (hosts.size() < static_cast<std::size_t>(count)) throw std::runtime_error("the platform has too few hosts");
  hosts.resize(static_cast<std::size_t>(count));
  return hosts;
}

}  // namespace

sg4::Engine& start_engine() {
  // The engine lives as long as the process, as SimGrid wants it.
  static char name[] = "simrun";
#ifdef __SANITIZE_ADDRESS__
  // The sanitizer does not understand how SimGrid switches stacks, but threads it does.
  static char contexts[] = "--cfg=contexts/factory:thread";
  static int argc = 2;
  static char* argv[] = {name, contexts, nullptr};
#else
  static int argc = 1;
  static char* argv[] = {name, nullptr};
#endif
  auto* engine = new sg4::Engine(&argc, argv);
  xbt_log_control_set("root.thres:critical");
  return *engine;
}

void configure(const Network& network) {
  const bool lv08 = network.model == Network::Model::lv08;
  const bool tcp = network.model == Network::Model::ethernet_tcp;
  sg4::Engine::set_config("network/model", std::string(lv08 ? "LV08" : "CM02"));
  // With Lazy, SimGrid 3.32 takes only the first of the flows that start together on a link to later links.
  sg4::Engine::set_config("network/optim", std::string(lv08 ? "Full" : "Lazy"));
  sg4::Engine::set_config("network/bandwidth-factor", lv08 ? 0.97 : tcp ? network.tcp.goodput : 1.0);
  // Without latency all flows have the same weight; Flows makes them wait for it.
  sg4::Engine::set_config("network/latency-factor", lv08 ? 13.01 : 0.0);
  sg4::Engine::set_config("network/weight-S", lv08 ? 20537.0 : 0.0);
  sg4::Engine::set_config("network/crosstraffic", lv08);
  sg4::Engine::set_config("network/TCP-gamma", lv08 ? 4194304.0 : 0.0);
}

std::vector<sg4::Host*> build_platform(sg4::Engine& engine, const Network& network, int count) {
  return std::visit([&](const auto& topology) { return build(topology, engine, network, count); }, network.topology);
}

std::vector<sg4::Host*> load_platform(sg4::Engine& engine, const std::string& file) {
  // The engine lists hosts by name; file order is the order of their creation. The callback stays with the engine,
  // which calls it again when the platform is sealed.
  const auto hosts = std::make_shared<std::vector<sg4::Host*>>();
  const auto is_loaded = std::make_shared<bool>(false);
  sg4::Host::on_creation_cb([hosts, is_loaded](sg4::Host& host) {
    if (*is_loaded) return;
    if (hosts->size() == most_hosts) throw std::runtime_error("more than " + std::to_string(most_hosts) + " hosts");
    hosts->push_back(&host);
  });
  engine.load_platform(file);
  *is_loaded = true;
  engine.seal_platform();
  return *hosts;
}

std::vector<sg4::Host*> hosts_named(const std::vector<sg4::Host*>& hosts, const std::vector<std::string>& names) {
  std::unordered_map<std::string, sg4::Host*> by_name;
  for (sg4::Host* host : hosts) by_name.emplace(host->get_name(), host);
  std::vector<sg4::Host*> named;
  for (const std::string& name : names) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) throw std::runtime_error("there is no host " + name);
    named.push_back(found->second);
  }
  return named;
}

Route find_route(const sg4::Host& from, const sg4::Host& to) {
  Route route;
  double latency = 0;
  try {
    from.route_to(&to, route.links, &latency);
  } catch (const std::exception&) {
    route.links.clear();  // some zones throw where others find nothing
  }
  if (route.links.empty()) throw std::runtime_error("no route from " + from.get_name() + " to " + to.get_name());
  route.latency = Seconds(latency);
  return route;
}

std::vector<BytesPerSecond> link_bandwidths(const std::vector<sg4::Host*>& hosts) {
  std::vector<BytesPerSecond> all;
  const std::size_t count = hosts.size();
  for (std::size_t h = 0; h < count; ++h) {
    double slowest = std::numeric_limits<double>::infinity();
    if (count > 1) {
      const Route next = find_route(*hosts[h], *hosts[(h + 1) % count]);
      const Route other = find_route(*hosts[h], *hosts[(h + count - 1) % count]);
      for (const sg4::Link* link : next.links) {
        const bool is_own = std::find(other.links.begin(), other.links.end(), link) != other.links.end();
        if (is_own) slowest = std::min(slowest, link->get_bandwidth());
      }
    }
    all.push_back(BytesPerSecond(slowest));
  }
  return all;
}

}  // namespace simrun
