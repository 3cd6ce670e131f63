#pragma once

#include <optional>

#include "sim/network/network.hpp"
#include "sim/simulation/interval.hpp"

namespace simrun {

/// How far the communication times that a network model predicts are from those of real traffic, relative to what is
/// predicted; none where that is not known of the model on the topology.
std::optional<NetworkError> network_error(const Network& network);

}  // namespace simrun
