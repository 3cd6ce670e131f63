#pragma once

#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "sim/network/network.hpp"

namespace simrun {

/// A link each way between `point` and the centre of a star zone.
void join_star(simgrid::s4u::NetZone& zone, simgrid::kernel::routing::NetPoint* point,
               simgrid::kernel::routing::NetPoint* gateway, const std::string& name, BytesPerSecond bandwidth,
               Seconds latency);

/// A way in and out of `zone` without links.
void pass_through(simgrid::s4u::NetZone& zone, simgrid::kernel::routing::NetPoint* point);

/// Adds a host of the network to `zone` and joins it to its centre. Returns those of SimGrid that are ranks: one a GPU;
/// a server's host has none.
std::vector<simgrid::s4u::Host*> add_host(simgrid::s4u::NetZone& zone, int number, const Network& network,
                                          bool is_server);

}  // namespace simrun
