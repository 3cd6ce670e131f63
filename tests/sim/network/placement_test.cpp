#include "sim/network/placement.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace simrun {
namespace {

Switches switches_with(int hosts, Switches::Placement placement, std::int64_t seed = 1) {
  Switches switches;
  switches.hosts_per_switch = hosts;
  switches.placement = placement;
  switches.placement_seed = seed;
  return switches;
}

}  // namespace

TEST_CASE("placement: switch by switch, and dealt out in turn") {
  CHECK(place_hosts(switches_with(3, Switches::Placement::by_switch), 5) == std::vector<int>{0, 1, 2, 3, 4});
  // Hosts 0 to 2 are on one switch, 3 to 5 on the next, 6 on the last.
  CHECK(place_hosts(switches_with(3, Switches::Placement::round_robin), 7) == std::vector<int>{0, 3, 6, 1, 4, 2, 5});
}

TEST_CASE("placement: a shuffle is a permutation that the seed alone decides") {
  const auto shuffled = [](std::int64_t seed) {
    return place_hosts(switches_with(8, Switches::Placement::shuffled, seed), 32);
  };
  CHECK(shuffled(1) == shuffled(1));
  CHECK(shuffled(1) != shuffled(2));
  std::vector<int> sorted = shuffled(1);
  std::sort(sorted.begin(), sorted.end());
  CHECK(sorted == place_hosts(switches_with(8, Switches::Placement::by_switch), 32));
}

}  // namespace simrun
