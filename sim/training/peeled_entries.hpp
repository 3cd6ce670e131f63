#pragma once

#include <span>

#include "kernels/primitives.hpp"
#include "sim/methods/method.hpp"

namespace simrun {

/// Entries that were peeled from sums of sketches, and those of them that could only be estimated.
struct PeeledEntries {
  double all = 0;
  double estimated = 0;

  PeeledEntries& operator+=(const PeeledEntries& more) {
    all += more.all;
    estimated += more.estimated;
    return *this;
  }
  friend bool operator==(const PeeledEntries& a, const PeeledEntries& b) = default;
};

/// Those of what a worker got, group by group; none of what is no sketch.
PeeledEntries peeled_entries(std::span<const Outcome> outcomes, const Primitives& primitives);

}  // namespace simrun
