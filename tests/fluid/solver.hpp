#pragma once

#include <vector>

#include "tests/fluid/cluster.hpp"

namespace fluid {

struct Send {
  int to = 0;
  double bytes = 0;
};

/// What a rank sends and receives at once. It is done when all of it has arrived, what it sent included.
struct Step {
  std::vector<Send> sends;
  std::vector<int> receives;  ///< from these ranks
};

/// What a rank does, one step after another. The k-th message from one rank to another is the k-th that the other
/// receives from it.
using Program = std::vector<Step>;

/// Bytes that a message may have to start without its receiver: what MPI over TCP does, and simrun's ideal network.
constexpr double eager_limit = 65536;

/// Seconds at which each rank is done; rank r runs programs[r] on host r from starts[r] on.
///
/// A message of up to `limit` bytes starts when it is sent, a longer one when its receiver waits for it, too.
/// Once the latency of its route has passed, its bytes flow at the max-min fair rate: all flows grow alike until a link
/// is full, those on it stop, the others go on.
std::vector<double> solve(const Cluster& cluster, const std::vector<Program>& programs,
                          const std::vector<double>& starts, double limit = eager_limit);

}  // namespace fluid
