#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/simgrid/flow.hpp"

namespace simrun {

/// Flows of which one end has asked, by ends and tag. Every message is looked up twice, and among M ranks of which each
/// sends to all others M^2 wait here at once, so that this is a flat table. Flows to eight
/// ranks in a row from the same one lie side by side: ranks that come one after another meet what is in the cache.
class Unmatched {
 public:
  /// The flow of the next message from one rank to another with this tag, for the end of it that asks: made by
  /// whichever comes first, and handed to the other. Ranks stay below 2^17, tags below 2^30.
  FlowPtr next(int from, int to, int tag, bool Flow::*asks);

 private:
  /// The first flow of a key that waits; those behind it are its successors.
  struct Slot {
    std::uint64_t key = 0;
    FlowPtr flow;  ///< null: the slot is free
  };

  std::size_t find(std::uint64_t key) const;
  std::size_t home(std::uint64_t key) const;
  void erase(std::size_t slot);
  void grow();

  std::vector<Slot> slots_ = std::vector<Slot>(64);  ///< a power of two of them, at most half of them taken
  std::size_t taken_ = 0;
};

}  // namespace simrun
