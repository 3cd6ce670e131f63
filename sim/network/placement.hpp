#pragma once

#include <vector>

#include "sim/network/network.hpp"

namespace simrun {

/// For each of `count` ranks the host that it has, as a number counted switch by switch.
std::vector<int> place_ranks(const Switches& switches, int count);

}  // namespace simrun
