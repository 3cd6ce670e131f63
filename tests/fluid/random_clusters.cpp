#include "tests/fluid/random_clusters.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace fluid {
namespace {

double any_bandwidth(Dice& dice) {
  constexpr double usual[] = {12.5e6, 125e6, 1250e6};
  return dice.chance(0.6) ? usual[dice.roll(3)] : dice.any_size(1.25e6, 3e9);
}

double any_latency(Dice& dice) {
  const double p = dice.uniform();
  return p < 0.3 ? 0 : p < 0.6 ? 25e-6 : dice.any_size(1e-6, 10e-3);
}

Sharing any_sharing(Dice& dice) {
  const double p = dice.uniform();
  return p < 0.7 ? Sharing::each_way : p < 0.9 ? Sharing::both_ways : Sharing::nobody;
}

/// Adds links to a cluster, each with the given kind of latency.
class Cables {
 public:
  Cables(Cluster& cluster, Latencies latencies, Dice& dice) : cluster_(cluster), latencies_(latencies), dice_(dice) {}

  /// The number of a new link that every route takes once at each end.
  int card() { return add(latencies_ == Latencies::any ? any_latency(dice_) : 25e-6, any_sharing(dice_)); }

  /// The number of a new link between switches, of which routes take any number.
  int between() { return add(latencies_ == Latencies::any ? any_latency(dice_) : 0, any_sharing(dice_)); }

  int add(double latency, Sharing sharing) {
    cluster_.links.push_back({any_bandwidth(dice_), latency, sharing});
    return static_cast<int>(cluster_.links.size()) - 1;
  }

 private:
  Cluster& cluster_;
  Latencies latencies_;
  Dice& dice_;
};

/// Each host has a card; `between(from, to)` is what is taken between those of two hosts.
void join_cards(Cluster& cluster, Cables& cables, int hosts, const std::function<Route(int, int)>& between) {
  std::vector<int> cards;
  for (int h = 0; h < hosts; ++h) cards.push_back(cables.card());
  for (int from = 0; from < hosts; ++from) {
    for (int to = 0; to < hosts; ++to) {
      if (from == to) continue;
      Route& route = cluster.routes[from][to];
      route = {{cards[from], true}};
      for (const Hop& hop : between(from, to)) route.push_back(hop);
      route.push_back({cards[to], false});
    }
  }
}

void build_star(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  join_cards(cluster, cables, hosts, [](int, int) { return Route{}; });
}

/// One link that all share, whichever way they go, or that nobody fills.
void build_backbone(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  const int backbone = cables.between();
  cluster.links[backbone].sharing = dice.chance(0.7) ? Sharing::both_ways : Sharing::nobody;
  join_cards(cluster, cables, hosts, [=](int, int) { return Route{{backbone, true}}; });
}

/// A random tree of switches: every switch but the first hangs on one before it, every host on any.
void build_tree(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  const int switches = 2 + dice.roll(5);
  std::vector<int> parent(switches), uplink(switches), place(hosts);
  for (int s = 1; s < switches; ++s) {
    parent[s] = dice.roll(s);
    uplink[s] = cables.between();
  }
  for (int& s : place) s = dice.roll(switches);
  join_cards(cluster, cables, hosts, [=](int from, int to) {
    Route up;
    Route down;
    // The later switch of the two is never above the other.
    for (int a = place[from], b = place[to]; a != b;) {
      if (a > b) {
        up.push_back({uplink[a], true});
        a = parent[a];
      } else {
        down.push_back({uplink[b], false});
        b = parent[b];
      }
    }
    up.insert(up.end(), down.rbegin(), down.rend());
    return up;
  });
}

/// The links from stop to stop of a line.
Route along(const std::vector<int>& links, int from, int to) {
  Route route;
  for (int at = from; at < to; ++at) route.push_back({links[at], true});
  for (int at = from; at > to; --at) route.push_back({links[at - 1], false});
  return route;
}

/// Switches one after another, hosts dealt out to them at random.
void build_chain(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  const int switches = 2 + dice.roll(4);
  std::vector<int> uplinks, place(hosts);
  for (int s = 0; s + 1 < switches; ++s) uplinks.push_back(cables.between());
  for (int& s : place) s = dice.roll(switches);
  join_cards(cluster, cables, hosts, [=](int from, int to) { return along(uplinks, place[from], place[to]); });
}

/// Hosts themselves one after another: they pass on what is not for them.
void build_line(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  std::vector<int> links;
  for (int h = 0; h + 1 < hosts; ++h) links.push_back(cables.between());
  for (int from = 0; from < hosts; ++from) {
    for (int to = 0; to < hosts; ++to) cluster.routes[from][to] = along(links, from, to);
  }
}

/// Leaves of hosts, each joined to each spine; the spine is chosen by the destination.
void build_fat_tree(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  const int per_leaf = 1 + dice.roll(4);
  const int spines = 1 + dice.roll(3);
  std::vector<std::vector<int>> uplinks;
  for (int h = 0; h < hosts; h += per_leaf) {
    uplinks.emplace_back();
    for (int s = 0; s < spines; ++s) uplinks.back().push_back(cables.between());
  }
  join_cards(cluster, cables, hosts, [=](int from, int to) {
    const int leaf = from / per_leaf;
    const int other = to / per_leaf;
    const int spine = to % spines;
    return leaf == other ? Route{} : Route{{uplinks[leaf][spine], true}, {uplinks[other][spine], false}};
  });
}

/// Groups of routers, all of a group joined to each other; between two groups one link, at a router of each: shortest
/// routes are local, global, local.
void build_dragonfly(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  const int groups = 2 + dice.roll(3);
  const int routers = 1 + dice.roll(3);
  std::map<std::pair<int, int>, int> links;  // by their ends, routers counted over all groups
  const auto join = [&](int a, int b) { links[{a, b}] = cables.between(); };
  for (int g = 0; g < groups; ++g) {
    for (int a = 0; a < routers; ++a) {
      for (int b = a + 1; b < routers; ++b) join(g * routers + a, g * routers + b);
    }
  }
  const auto door = [=](int group, int other) { return group * routers + other % routers; };
  for (int g = 0; g < groups; ++g) {
    for (int h = g + 1; h < groups; ++h) join(door(g, h), door(h, g));
  }
  std::vector<int> place(hosts);
  for (int& router : place) router = dice.roll(groups * routers);
  join_cards(cluster, cables, hosts, [=](int from, int to) {
    Route route;
    int at = place[from];
    const auto go = [&](int router) {
      if (at != router) route.push_back({links.at(std::minmax(at, router)), at < router});
      at = router;
    };
    const int group = place[from] / routers;
    const int other = place[to] / routers;
    if (group != other) {
      go(door(group, other));
      go(door(other, group));
    }
    go(place[to]);
    return route;
  });
}

/// Machines of several GPUs: each has a slot of its own, those of a machine share its card, and pass it by among
/// themselves.
void build_shared_cards(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  const int each = 1 + dice.roll(4);
  std::vector<int> cards;
  for (int h = 0; h < hosts; h += each) cards.push_back(cables.between());
  join_cards(cluster, cables, hosts, [=](int from, int to) {
    const int a = from / each;
    const int b = to / each;
    return a == b ? Route{} : Route{{cards[a], true}, {cards[b], false}};
  });
}

/// Any links between any two, one way not the other's.
void build_any_routes(Cluster& cluster, int hosts, Latencies latencies, Dice& dice) {
  Cables cables(cluster, latencies, dice);
  std::vector<int> links;
  for (int more = 1 + dice.roll(8); more >= 0; --more) links.push_back(cables.between());
  const auto between = [&](int, int) {
    std::vector<int> mixed = links;
    for (std::size_t i = mixed.size(); i > 1; --i) std::swap(mixed[i - 1], mixed[dice.roll(static_cast<int>(i))]);
    Route route;
    for (int i = dice.roll(std::min(5, static_cast<int>(mixed.size()))); i >= 0; --i)
      route.push_back({mixed[i], dice.chance(0.5)});
    return route;
  };
  join_cards(cluster, cables, hosts, between);
}

}  // namespace

double Dice::any_size(double low, double high) {
  return low * std::pow(high / low, uniform());
}

std::span<const Shape> shapes() {
  static constexpr Shape table[] = {
      {"star", build_star},
      {"backbone", build_backbone},
      {"tree", build_tree},
      {"chain", build_chain},
      {"line", build_line},
      {"fat tree", build_fat_tree},
      {"dragonfly", build_dragonfly},
      {"shared cards", build_shared_cards},
      {"any routes", build_any_routes},
  };
  return table;
}

Cluster random_cluster(const Shape& shape, int hosts, Latencies latencies, Dice& dice) {
  Cluster cluster;
  cluster.routes.assign(hosts, std::vector<Route>(hosts));
  shape.build(cluster, hosts, latencies, dice);
  return cluster;
}

}  // namespace fluid
