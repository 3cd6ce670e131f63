#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>

#include "tests/fluid/cluster.hpp"

namespace fluid {

/// Chances that are the same on every machine, unlike the standard library's distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// 0 .. sides - 1
  int roll(int sides) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(sides)); }
  bool chance(double probability) { return uniform() < probability; }
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  /// Between low and high, every factor equally likely.
  double any_size(double low, double high);

 private:
  std::mt19937_64 engine_;
};

/// How latencies are drawn.
enum class Latencies {
  any,         ///< none, a small one, or up to 10 ms, different from link to link
  same_route,  ///< every route has the same
};

struct Shape {
  const char* name;
  void (*build)(Cluster& cluster, int hosts, Latencies latencies, Dice& dice);
};

/// star, backbone, tree, chain, line, fat tree, dragonfly, several hosts a card, any routes.
std::span<const Shape> shapes();

/// A cluster of that shape with random bandwidths, latencies and policies of links.
Cluster random_cluster(const Shape& shape, int hosts, Latencies latencies, Dice& dice);

}  // namespace fluid
