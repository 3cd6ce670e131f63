#include "sim/simgrid/hosts.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;
using simgrid::kernel::routing::NetPoint;

void join_star(sg4::NetZone& zone, NetPoint* point, NetPoint* gateway, const std::string& name,
               BytesPerSecond bandwidth, Seconds latency) {
  const auto* up = zone.create_link(name + "-up", bandwidth.value)->set_latency(latency.value)->seal();
  const auto* down = zone.create_link(name + "-down", bandwidth.value)->set_latency(latency.value)->seal();
  zone.add_route(point, nullptr, gateway, nullptr, {sg4::LinkInRoute(up)}, false);
  zone.add_route(nullptr, point, nullptr, gateway, {sg4::LinkInRoute(down)}, false);
}

void pass_through(sg4::NetZone& zone, NetPoint* point) {
  const std::vector<sg4::LinkInRoute> none;
  zone.add_route(point, nullptr, nullptr, nullptr, none, false);
  zone.add_route(nullptr, point, nullptr, nullptr, none, false);
}

namespace {

/// Computation is not SimGrid's: hosts only need some speed.
constexpr double host_speed = 1e9;

/// A host joined to the centre of `zone`; each of its two links has half of the latency from host to host.
sg4::Host* add_host_of_one(sg4::NetZone& zone, int number, const Network& network) {
  const std::string name = "host-" + std::to_string(number);
  sg4::Host* host = zone.create_host(name, host_speed);
  join_star(zone, host->get_netpoint(), nullptr, name, network.bandwidth, network.latency / 2);
  return host;
}

/// A host without GPUs among hosts of several, which are zones: it is one, too, since SimGrid 3.32 loses links on the
/// way from within a zone to what is beside that zone.
sg4::Host* add_host_of_server(sg4::NetZone& around, int number, const Network& network) {
  const std::string name = "host-" + std::to_string(number);
  sg4::NetZone* zone = sg4::create_star_zone(name);
  zone->set_parent(&around);
  auto* gateway = zone->create_router(name + "-gateway");
  sg4::Host* host = zone->create_host(name + "-server", host_speed);
  pass_through(*zone, gateway);
  pass_through(*zone, host->get_netpoint());
  zone->seal();
  join_star(around, zone->get_netpoint(), gateway, name + "-card", network.bandwidth, network.latency / 2);
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

}  // namespace

std::vector<sg4::Host*> add_host(sg4::NetZone& zone, int number, const Network& network, bool is_server) {
  if (network.gpus_per_host == 1) return {add_host_of_one(zone, number, network)};
  if (is_server) return {add_host_of_server(zone, number, network)};
  return add_host_of_gpus(zone, number, network);
}

}  // namespace simrun
