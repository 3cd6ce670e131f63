#pragma once

#include <map>
#include <set>
#include <string>

namespace simrun {

/// Who is joined in zones of a platform file whose routes SimGrid finds by Dijkstra's way. Where there is no route,
/// SimGrid 3.32 crashes there, or searches for ever.
class DijkstraZones {
 public:
  void add_zone(const std::string& zone) { zones_[zone]; }

  /// Of hosts, routers or inner zones; nothing where `zone` is another kind of zone.
  void add_route(const std::string& zone, const std::string& from, const std::string& to, bool and_back);

  /// Hosts and routers of `zone` itself, and those by which others are reached from it; nothing for another kind of
  /// zone.
  void add_host(const std::string& zone, const std::string& name);
  void add_gateway(const std::string& zone, const std::string& name);

  /// True where `zone` is one of these, and `node` has no way to any of its gateways, or none back. False where a
  /// gateway lies in an inner zone.
  bool cut_off(const std::string& zone, const std::string& node);

  /// True where `zone` is one of these, and has no way from one to the other, or none back.
  bool part(const std::string& zone, const std::string& one, const std::string& other);

  /// Whether there is a way in `zone`, which is one of these.
  bool has_way(const std::string& zone, const std::string& from, const std::string& to) const;

 private:
  using Graph = std::map<std::string, std::set<std::string>>;
  struct Zone {
    Graph next;
    Graph previous;
    std::set<std::string> hosts;
    std::set<std::string> gateways;
    std::map<std::string, int> groups;  ///< of those with a way there and back, once they are asked for
  };
  static std::set<std::string> reached(const Graph& graph, const std::string& from);
  static void group(Zone& zone);

  std::map<std::string, Zone> zones_;
};

}  // namespace simrun
