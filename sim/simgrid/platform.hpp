#pragma once

#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "sim/network/network.hpp"

namespace simrun {

/// The engine of this process: SimGrid allows one. Call it once.
simgrid::s4u::Engine& start_engine();

/// Sets every parameter of SimGrid's network model, so that its defaults play no part: those of lv08, and else none
/// that corrects anything. Before the platform is made.
void configure(const Network& network);

/// Builds the hosts of so many workers, and one more for a server, which has no GPUs, and the network between them;
/// returns the ranks' (SimGrid has a host for each GPU), the server's last.
std::vector<simgrid::s4u::Host*> build_platform(simgrid::s4u::Engine& engine, const Network& network, int workers,
                                                bool has_server = false);

/// Of a platform file; no scenario has as many ranks.
constexpr std::size_t most_hosts = 100'000;

/// Loads a SimGrid platform file; returns its hosts in file order. Throws std::runtime_error where there are too many.
std::vector<simgrid::s4u::Host*> load_platform(simgrid::s4u::Engine& engine, const std::string& file);

/// Those of `hosts` that have the names, in their order. Throws std::runtime_error where there is none of a name.
std::vector<simgrid::s4u::Host*> hosts_named(const std::vector<simgrid::s4u::Host*>& hosts,
                                             const std::vector<std::string>& names);

struct Route {
  std::vector<simgrid::s4u::Link*> links;
  Seconds latency;  ///< of all of them
};

/// From one host to another. Throws std::runtime_error, which names both, where there is none.
Route find_route(const simgrid::s4u::Host& from, const simgrid::s4u::Host& to);

/// Bandwidth of each host's own link, by rank: of the slowest link that it takes to every neighbour in the order of
/// ranks, two at most. In which order a route lists its links does not matter.
std::vector<BytesPerSecond> link_bandwidths(const std::vector<simgrid::s4u::Host*>& hosts);

}  // namespace simrun
