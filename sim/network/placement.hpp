#pragma once

#include <vector>

#include "sim/network/network.hpp"

namespace simrun {

/// Of `count` hosts, the ranks' in order: their numbers, counted switch by switch.
std::vector<int> place_hosts(const Switches& switches, int count);

}  // namespace simrun
