#pragma once

#include <string>
#include <vector>

#include "tests/fluid/cluster.hpp"

namespace fluid {

/// A ring all-reduce whose steps move more than the eager limit, on a cluster whose routes have one latency: there
/// SimGrid's sharing is even, and MPI's messages all wait for their receivers, so that SMPI gives the same time.
struct RingCase {
  std::string name;
  Cluster cluster;  ///< of `workers` hosts and one more
  int workers = 0;
  long elements = 0;  ///< of 4 bytes
};

/// Two of each shape.
std::vector<RingCase> ring_cases();

}  // namespace fluid
