#include "sim/simgrid/platform.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <unordered_map>

// After s4u.hpp, whose macros it needs.
#include <xbt/log.h>

#include "sim/network/placement.hpp"
#include "sim/simgrid/hosts.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;
using simgrid::kernel::routing::NetPoint;

namespace {

/// Who is on the network: workers in a row on hosts of GPUs, and, if there is one, a server on a host after them.
struct Ranks {
  int workers;
  bool has_server;

  int count() const { return workers + (has_server ? 1 : 0); }
  int hosts(const Network& network) const {
    return (workers + network.gpus_per_host - 1) / network.gpus_per_host + (has_server ? 1 : 0);
  }
};

void append(std::vector<sg4::Host*>& all, const std::vector<sg4::Host*>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// Of hosts in the order of their ranks. The workers' last one may have GPUs that are none.
std::vector<sg4::Host*> by_rank(const std::vector<std::vector<sg4::Host*>>& hosts, const Ranks& ranks) {
  std::vector<sg4::Host*> all;
  const std::size_t of_workers = hosts.size() - (ranks.has_server ? 1 : 0);
  for (std::size_t h = 0; h < of_workers; ++h) append(all, hosts[h]);
  all.resize(static_cast<std::size_t>(ranks.workers));
  if (ranks.has_server) append(all, hosts.back());
  return all;
}

std::vector<sg4::Host*> build(const Star&, sg4::Engine&, const Network& network, const Ranks& ranks) {
  sg4::NetZone* zone = sg4::create_star_zone("cluster");
  std::vector<std::vector<sg4::Host*>> hosts;
  const int count = ranks.hosts(network);
  for (int i = 0; i < count; ++i) hosts.push_back(add_host(*zone, i, network, ranks.has_server && i + 1 == count));
  zone->seal();
  return by_rank(hosts, ranks);
}

/// A router at the centre of `zone`, in a zone of its own, for the same reason.
NetPoint* add_gateway(sg4::NetZone& zone, const std::string& name) {
  const std::vector<sg4::LinkInRoute> none;
  sg4::NetZone* own = sg4::create_star_zone(name + "-zone");
  own->set_parent(&zone);
  NetPoint* router = own->create_router(name);
  pass_through(*own, router);
  own->seal();
  zone.add_route(own->get_netpoint(), nullptr, router, nullptr, none, false);
  zone.add_route(nullptr, own->get_netpoint(), nullptr, router, none, false);
  return router;
}

/// Switches of hosts within `core`, by rank. `join(zone, gateway, name)` joins each to what is there.
template <class Join>
std::vector<sg4::Host*> build_switches(sg4::NetZone* core, const Network& network, const Switches& switches,
                                       const Ranks& ranks, const Join& join) {
  const int per_switch = switches.hosts_per_switch;
  const int host_count = ranks.hosts(network);
  const std::vector<int> order = place_hosts(switches, host_count);
  std::vector<std::vector<sg4::Host*>> hosts;
  for (int first = 0; first < host_count; first += per_switch) {
    const std::string name = "switch-" + std::to_string(first / per_switch);
    sg4::NetZone* zone = sg4::create_star_zone(name);
    zone->set_parent(core);
    NetPoint* gateway = add_gateway(*zone, name + "-gateway");
    for (int i = first; i < std::min(host_count, first + per_switch); ++i)
      hosts.push_back(add_host(*zone, i, network, ranks.has_server && i == order.back()));
    zone->seal();
    join(zone->get_netpoint(), gateway, name + "-uplink");
  }
  core->seal();
  std::vector<std::vector<sg4::Host*>> in_order;
  for (const int host : order) in_order.push_back(hosts[static_cast<std::size_t>(host)]);
  return by_rank(in_order, ranks);
}

std::vector<sg4::Host*> build(const Tree& tree, sg4::Engine&, const Network& network, const Ranks& ranks) {
  sg4::NetZone* core = sg4::create_star_zone("core");
  return build_switches(core, network, tree, ranks, [&](NetPoint* zone, NetPoint* gateway, const std::string& name) {
    join_star(*core, zone, gateway, name, tree.uplink_bandwidth, tree.uplink_latency);
  });
}

std::vector<sg4::Host*> build(const Chain& chain, sg4::Engine&, const Network& network, const Ranks& ranks) {
  sg4::NetZone* core = sg4::create_dijkstra_zone("core", true);
  NetPoint* last = nullptr;
  NetPoint* last_gateway = nullptr;
  return build_switches(core, network, chain, ranks, [&](NetPoint* zone, NetPoint* gateway, const std::string& name) {
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

/// Loopbacks, too, which no message takes: a host is one rank.
void scale_links(const sg4::Engine& engine, const PlatformFile& file) {
  for (sg4::Link* link : engine.get_all_links()) {
    link->set_bandwidth(file.bandwidth_factor * link->get_bandwidth());
    link->set_latency(file.latency_factor * link->get_latency());
  }
}

std::vector<sg4::Host*> build(const PlatformFile& file, sg4::Engine& engine, const Network&, const Ranks& ranks) {
  std::vector<sg4::Host*> hosts = load_platform(engine, file.platform);
  scale_links(engine, file);
  if (!file.hosts.empty()) hosts = hosts_named(hosts, file.hosts);
  const auto count = static_cast<std::size_t>(ranks.count());
  if (hosts.size() < count) throw std::runtime_error("the platform has too few hosts");
  hosts.resize(count);
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
  sg4::Engine::set_config("network/model", std::string(lv08 ? "LV08" : "CM02"));
  // With Lazy, SimGrid 3.32 takes only the first of the flows that start together on a link to later links.
  sg4::Engine::set_config("network/optim", std::string(lv08 ? "Full" : "Lazy"));
  sg4::Engine::set_config("network/bandwidth-factor", lv08 ? 0.97 : 1.0);
  // Without latency all flows have the same weight.
  sg4::Engine::set_config("network/latency-factor", lv08 ? 13.01 : 0.0);
  sg4::Engine::set_config("network/weight-S", lv08 ? 20537.0 : 0.0);
  sg4::Engine::set_config("network/crosstraffic", lv08);
  sg4::Engine::set_config("network/TCP-gamma", lv08 ? 4194304.0 : 0.0);
}

std::vector<sg4::Host*> build_platform(sg4::Engine& engine, const Network& network, int workers, bool has_server) {
  const Ranks ranks{workers, has_server};
  return std::visit([&](const auto& topology) { return build(topology, engine, network, ranks); }, network.topology);
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
