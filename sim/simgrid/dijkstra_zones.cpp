#include "sim/simgrid/dijkstra_zones.hpp"

#include <algorithm>
#include <vector>

namespace simrun {

void DijkstraZones::add_route(const std::string& zone, const std::string& from, const std::string& to, bool and_back) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return;
  const auto add = [&](const std::string& first, const std::string& second) {
    found->second.next[first].insert(second);
    found->second.previous[second].insert(first);
  };
  add(from, to);
  if (and_back) add(to, from);
}

void DijkstraZones::add_host(const std::string& zone, const std::string& name) {
  if (const auto found = zones_.find(zone); found != zones_.end()) found->second.hosts.insert(name);
}

void DijkstraZones::add_gateway(const std::string& zone, const std::string& name) {
  if (const auto found = zones_.find(zone); found != zones_.end()) found->second.gateways.insert(name);
}

bool DijkstraZones::cut_off(const std::string& zone, const std::string& node) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return false;
  const std::set<std::string>& gateways = found->second.gateways;
  return !gateways.empty() && std::ranges::all_of(gateways, [&](const std::string& gateway) {
    return found->second.hosts.contains(gateway) && part(zone, node, gateway);
  });
}

bool DijkstraZones::part(const std::string& zone, const std::string& one, const std::string& other) {
  const auto found = zones_.find(zone);
  if (found == zones_.end() || one == other) return false;
  if (found->second.groups.empty()) group(found->second);
  const std::map<std::string, int>& groups = found->second.groups;
  const auto first = groups.find(one);
  const auto second = groups.find(other);
  return first == groups.end() || second == groups.end() || first->second != second->second;
}

bool DijkstraZones::has_way(const std::string& zone, const std::string& from, const std::string& to) const {
  return reached(zones_.at(zone).next, from).contains(to);
}

std::set<std::string> DijkstraZones::reached(const Graph& graph, const std::string& from) {
  std::set<std::string> all{from};
  std::vector<std::string> open{from};
  while (!open.empty()) {
    const auto next = graph.find(open.back());
    open.pop_back();
    if (next == graph.end()) continue;
    for (const std::string& node : next->second) {
      if (all.insert(node).second) open.push_back(node);
    }
  }
  return all;
}

void DijkstraZones::group(Zone& zone) {
  int count = 0;
  for (const auto& [node, neighbours] : zone.next) {
    if (zone.groups.contains(node)) continue;
    const std::set<std::string> before = reached(zone.previous, node);
    for (const std::string& other : reached(zone.next, node)) {
      if (before.contains(other)) zone.groups[other] = count;
    }
    ++count;
  }
}

}  // namespace simrun
