#pragma once

#include <simgrid/s4u.hpp>
#include <span>
#include <unordered_map>
#include <vector>

#include "sim/network/network.hpp"
#include "sim/simgrid/fair_links.hpp"

namespace simrun {

/// From one rank to another.
struct Path {
  std::span<const int> links;  ///< numbers of FairLinks
  Seconds latency;             ///< of all of them
};

/// The links that messages take: SimGrid's routes, with their links as FairLinks, which they get when they are first
/// used. A link's capacity is its goodput.
class Routes {
 public:
  /// `hosts` by rank. `links` outlives this.
  Routes(const Network& network, const std::vector<simgrid::s4u::Host*>& hosts, FairLinks& links);

  /// True if every host has a link of its own each way, and routes have no others.
  bool are_own_links() const { return !own_links_.empty(); }

  /// Its links are there until the next call. Throws std::runtime_error where the ranks are not joined.
  Path between(int from, int to);

 private:
  int number_of(const simgrid::s4u::Link& link);

  /// What a host's own links are to every other host, where hosts have no other links: on a star.
  struct OwnLinks {
    int up;
    int down;
  };

  FairLinks& links_;
  double goodput_;  ///< share of a link's bandwidth
  std::vector<simgrid::s4u::Host*> hosts_;
  std::unordered_map<const simgrid::s4u::Link*, int> numbers_;
  std::vector<OwnLinks> own_links_;  ///< by rank; empty where routes are SimGrid's to find
  Seconds star_latency_;             ///< from any host to any other
  std::vector<int> last_;            ///< links of the last path
};

}  // namespace simrun
