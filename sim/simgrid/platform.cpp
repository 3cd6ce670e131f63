#include "sim/simgrid/platform.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

#include "sim/placement.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;
using simgrid::kernel::routing::NetPoint;

namespace {

/// Computation is not SimGrid's: hosts only need some speed.
constexpr double host_speed = 1e9;

/// Of a platform file; no scenario has as many ranks.
constexpr std::size_t most_hosts = 100'000;

/// A link each way between `point` and the centre of a star zone.
void join_star(sg4::NetZone& zone, NetPoint* point, NetPoint* gateway, const std::string& name,
               BytesPerSecond bandwidth, Seconds latency) {
  const auto* up = zone.create_link(name + "-up", bandwidth.value)->set_latency(latency.value)->seal();
  const auto* down = zone.create_link(name + "-down", bandwidth.value)->set_latency(latency.value)->seal();
  zone.add_route(point, nullptr, gateway, nullptr, {sg4::LinkInRoute(up)}, false);
  zone.add_route(nullptr, point, nullptr, gateway, {sg4::LinkInRoute(down)}, false);
}

/// A host joined to the centre of `zone`; each of its two links has half of the latency from host to host.
sg4::Host* add_host(sg4::NetZone& zone, int number, const Network& network) {
  const std::string name = "host-" + std::to_string(number);
  sg4::Host* host = zone.create_host(name, host_speed);
  join_star(zone, host->get_netpoint(), nullptr, name, network.bandwidth, network.latency / 2);
  return host;
}

std::vector<sg4::Host*> build_star(const Network& network, int count) {
  sg4::NetZone* zone = sg4::create_star_zone("cluster");
  std::vector<sg4::Host*> hosts;
  for (int i = 0; i < count; ++i) hosts.push_back(add_host(*zone, i, network));
  zone->seal();
  return hosts;
}

/// Switches of hosts within `core`. `join(zone, gateway, name)` joins each to what is there.
template <class Join>
std::vector<sg4::Host*> build_switches(sg4::NetZone* core, const Network& network, int count, const Join& join) {
  std::vector<sg4::Host*> hosts;
  for (int first = 0; first < count; first += network.hosts_per_switch) {
    const std::string name = "switch-" + std::to_string(first / network.hosts_per_switch);
    sg4::NetZone* zone = sg4::create_star_zone(name);
    zone->set_parent(core);
    auto* gateway = zone->create_router(name + "-gateway");
    zone->add_route(gateway, nullptr, nullptr, nullptr, std::vector<sg4::LinkInRoute>{}, false);
    zone->add_route(nullptr, gateway, nullptr, nullptr, std::vector<sg4::LinkInRoute>{}, false);
    for (int i = first; i < std::min(count, first + network.hosts_per_switch); ++i)
      hosts.push_back(add_host(*zone, i, network));
    zone->seal();
    join(zone->get_netpoint(), gateway, name + "-uplink");
  }
  core->seal();
  return hosts;
}

std::vector<sg4::Host*> build_tree(const Network& network, int count) {
  sg4::NetZone* core = sg4::create_star_zone("core");
  return build_switches(core, network, count, [&](NetPoint* zone, NetPoint* gateway, const std::string& name) {
    join_star(*core, zone, gateway, name, network.uplink_bandwidth, network.uplink_latency);
  });
}

std::vector<sg4::Host*> build_chain(const Network& network, int count) {
  sg4::NetZone* core = sg4::create_dijkstra_zone("core", true);
  NetPoint* last = nullptr;
  NetPoint* last_gateway = nullptr;
  return build_switches(core, network, count, [&](NetPoint* zone, NetPoint* gateway, const std::string& name) {
    if (last != nullptr) {
      const auto link = [&](const char* way) {
        return core->create_link(name + way, network.uplink_bandwidth.value)
            ->set_latency(network.uplink_latency.value)
            ->seal();
      };
      core->add_route(last, zone, last_gateway, gateway, {sg4::LinkInRoute(link("-up"))}, false);
      core->add_route(zone, last, gateway, last_gateway, {sg4::LinkInRoute(link("-down"))}, false);
    }
    last = zone;
    last_gateway = gateway;
  });
}

/// The hosts by rank.
std::vector<sg4::Host*> placed(const Network& network, const std::vector<sg4::Host*>& hosts) {
  std::vector<sg4::Host*> by_rank;
  for (const int host : place_ranks(network, static_cast<int>(hosts.size())))
    by_rank.push_back(hosts[static_cast<std::size_t>(host)]);
  return by_rank;
}

}  // namespace

void configure(const Network& network) {
  const bool lv08 = network.model == Network::Model::lv08;
  const bool tcp = network.model == Network::Model::ethernet_tcp;
  sg4::Engine::set_config("network/model", std::string(lv08 ? "LV08" : "CM02"));
  sg4::Engine::set_config("network/optim", std::string("Lazy"));
  sg4::Engine::set_config("network/bandwidth-factor", lv08 ? 0.97 : tcp ? network.tcp.goodput : 1.0);
  sg4::Engine::set_config("network/latency-factor", lv08 ? 13.01 : 1.0);
  sg4::Engine::set_config("network/weight-S", lv08 ? 20537.0 : 0.0);
  sg4::Engine::set_config("network/crosstraffic", lv08);
  sg4::Engine::set_config("network/TCP-gamma", lv08 ? 4194304.0 : 0.0);
}

std::vector<sg4::Host*> build_platform(sg4::Engine& engine, const Network& network, int count) {
  switch (network.topology) {
    case Network::Topology::star:
      return build_star(network, count);
    case Network::Topology::tree:
      return placed(network, build_tree(network, count));
    case Network::Topology::chain:
      return placed(network, build_chain(network, count));
    case Network::Topology::platform:
      break;
  }
  return load_platform(engine, network.platform);
}

void check_links(const sg4::Engine& engine) {
  const auto fail = [](const sg4::Link& link, const char* what, double value, const char* accepted) {
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "%g", value);
    throw std::runtime_error("link " + link.get_name() + " has the " + what + " " + number.data() + ", not " +
                             accepted);
  };
  for (const sg4::Link* link : engine.get_all_links()) {
    const double bandwidth = link->get_bandwidth();
    const double latency = link->get_latency();
    if (!(bandwidth > 0) || std::isinf(bandwidth)) fail(*link, "bandwidth", bandwidth, "one above 0");
    if (!(latency >= 0) || std::isinf(latency)) fail(*link, "latency", latency, "one of 0 or more");
  }
}

std::vector<sg4::Host*> load_platform(sg4::Engine& engine, const std::string& file) {
  // The engine lists hosts by name; file order is the order of their creation.
  // The callback stays with the engine, so it shares what it writes to.
  const auto hosts = std::make_shared<std::vector<sg4::Host*>>();
  sg4::Host::on_creation_cb([hosts](sg4::Host& host) {
    if (hosts->size() == most_hosts) throw std::runtime_error("more than " + std::to_string(most_hosts) + " hosts");
    hosts->push_back(&host);
  });
  engine.load_platform(file);
  return *hosts;
}

}  // namespace simrun
