#pragma once

#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "sim/network.hpp"

namespace simrun {

/// Sets every parameter of SimGrid's network model, so that its defaults play no part. Before the platform is made.
void configure(const Network& network);

/// Builds `count` hosts and the network between them; returns the hosts in rank order.
std::vector<simgrid::s4u::Host*> build_platform(simgrid::s4u::Engine& engine, const Network& network, int count);

/// Loads a SimGrid platform file; returns its hosts in file order. Throws std::runtime_error where there are too many.
std::vector<simgrid::s4u::Host*> load_platform(simgrid::s4u::Engine& engine, const std::string& file);

/// Throws std::runtime_error where a bandwidth or latency is none: SimGrid takes any number.
void check_links(const simgrid::s4u::Engine& engine);

}  // namespace simrun
