#pragma once

#include <optional>

#include "sim/devices/band.hpp"
#include "sim/network/network.hpp"

namespace simrun {

/// How far the communication times that a network model predicts are from those of real traffic, relative to what is
/// predicted; none where that is not known of the model on the topology.
std::optional<Band> network_error(const Network& network);

}  // namespace simrun
