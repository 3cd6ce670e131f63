#include "sim/network/placement.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace simrun {

std::vector<int> place_hosts(const Switches& switches, int count) {
  std::vector<int> hosts(static_cast<std::size_t>(count));
  std::iota(hosts.begin(), hosts.end(), 0);
  if (switches.placement == Switches::Placement::round_robin) {
    const int per_switch = switches.hosts_per_switch;
    std::stable_sort(hosts.begin(), hosts.end(), [&](int a, int b) { return a % per_switch < b % per_switch; });
  }
  if (switches.placement == Switches::Placement::shuffled) {
    // Fisher and Yates; std::shuffle differs from one library to the next.
    std::mt19937_64 random(static_cast<std::uint64_t>(switches.placement_seed));
    for (std::size_t i = hosts.size(); i > 1; --i) std::swap(hosts[i - 1], hosts[random() % i]);
  }
  return hosts;
}

}  // namespace simrun
