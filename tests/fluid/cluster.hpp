#pragma once

#include <string>
#include <vector>

/// An oracle for simulated time: a max-min fluid solver that shares no line with simrun or SimGrid. Small, slow, plain.
namespace fluid {

enum class Sharing {
  each_way,   ///< flows share the bandwidth with those that go the same way: full duplex
  both_ways,  ///< all flows share it, whichever way they go: half duplex
  nobody,     ///< each flow has all of it: a backbone that is never full
};

struct Link {
  double bandwidth = 0;  ///< bytes/s
  double latency = 0;    ///< s
  Sharing sharing = Sharing::each_way;
};

/// One link of a route, and which way it is taken.
struct Hop {
  int link = 0;
  bool up = true;
};
using Route = std::vector<Hop>;

struct Cluster {
  std::vector<Link> links;
  std::vector<std::vector<Route>> routes;  ///< routes[from][to]; unused where they are equal

  int hosts() const { return static_cast<int>(routes.size()); }
  double latency(int from, int to) const;  ///< the sum of the route's, s
};

/// The same cluster as a SimGrid platform file with every route spelled out. Host h is called "h" and its number.
std::string platform_xml(const Cluster& cluster);

}  // namespace fluid
