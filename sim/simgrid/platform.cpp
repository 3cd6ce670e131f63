#include "sim/simgrid/platform.hpp"

#include <algorithm>
#include <memory>

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

/// Computation is not SimGrid's: hosts only need some speed.
constexpr double host_speed = 1e9;

/// A link each way between `point` and the centre of a star zone.
void join_star(sg4::NetZone& zone, simgrid::kernel::routing::NetPoint* point,
               simgrid::kernel::routing::NetPoint* gateway, const std::string& name, BytesPerSecond bandwidth,
               Seconds latency) {
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

std::vector<sg4::Host*> build_tree(const Network& network, int count) {
  sg4::NetZone* core = sg4::create_star_zone("core");
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
    join_star(*core, zone->get_netpoint(), gateway, name + "-uplink", network.uplink_bandwidth, network.uplink_latency);
  }
  core->seal();
  return hosts;
}

}  // namespace

void configure(Network::Model model) {
  const bool ideal = model == Network::Model::ideal;
  sg4::Engine::set_config("network/model", std::string(ideal ? "CM02" : "LV08"));
  sg4::Engine::set_config("network/optim", std::string("Lazy"));
  sg4::Engine::set_config("network/bandwidth-factor", ideal ? 1.0 : 0.97);
  sg4::Engine::set_config("network/latency-factor", ideal ? 1.0 : 13.01);
  sg4::Engine::set_config("network/weight-S", ideal ? 0.0 : 20537.0);
  sg4::Engine::set_config("network/crosstraffic", !ideal);
  sg4::Engine::set_config("network/TCP-gamma", ideal ? 0.0 : 4194304.0);
}

std::vector<sg4::Host*> build_platform(sg4::Engine& engine, const Network& network, int count) {
  switch (network.topology) {
    case Network::Topology::star:
      return build_star(network, count);
    case Network::Topology::tree:
      return build_tree(network, count);
    case Network::Topology::platform:
      break;
  }
  return load_platform(engine, network.platform);
}

std::vector<sg4::Host*> load_platform(sg4::Engine& engine, const std::string& file) {
  // The engine lists hosts by name; file order is the order of their creation.
  // The callback stays with the engine, so it shares what it writes to.
  const auto hosts = std::make_shared<std::vector<sg4::Host*>>();
  sg4::Host::on_creation_cb([hosts](sg4::Host& host) { hosts->push_back(&host); });
  engine.load_platform(file);
  return *hosts;
}

}  // namespace simrun
