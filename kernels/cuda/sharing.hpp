#pragma once

#include "kernels/cuda/block.hpp"

namespace simrun::cuda {

// How work is divided among the blocks of a launch, and what those of a later launch need of an earlier one.

/// A number of entries of which the host may know no more than a bound.
struct Entries {
  std::uint64_t most;
  const std::uint64_t* exact = nullptr;  ///< in device memory; null: there are `most`

  SIMRUN_DEVICE std::uint64_t count() const { return exact != nullptr ? *exact : most; }
};

/// The tiles that a block looks after. Launches with equally many blocks divide tiles alike.
struct TileRange {
  std::uint64_t begin;
  std::uint64_t end;

  template <class Block>
  SIMRUN_DEVICE static TileRange of(const Block& block, std::uint64_t tiles) {
    const std::uint64_t each = divide_up(tiles, std::uint64_t{block.count()});
    return {smaller(each * block.number(), tiles), smaller(each * (block.number() + 1), tiles)};
  }
};

/// The sum of counts[0, number of the block), known to all threads. An earlier launch wrote the counts.
template <class Block>
SIMRUN_DEVICE std::uint64_t sum_before(Block& block, const std::uint64_t* counts) {
  typename Block::template PerThread<std::uint64_t> own;
  block.each_thread([&](unsigned t) {
    own[t] = 0;
    for (unsigned i = t; i < block.number(); i += Block::threads) own[t] += counts[i];
  });
  return block.exclusive_sum(own);
}

/// Most blocks of launches of which each block tells the next launch a count: so few that every block adds them up.
inline constexpr unsigned counting_blocks = 1024;

/// Blocks of such a launch. Part of a workspace's size, so the same on every device.
inline unsigned blocks_to_count(std::uint64_t tiles) {
  return static_cast<unsigned>(larger<std::uint64_t>(smaller<std::uint64_t>(tiles, counting_blocks), 1));
}

/// Blocks among which `items` are divided, `each` at a time: no more than run at once, and one at least.
template <class Kernel, class Machine>
unsigned blocks_for(Machine& machine, std::uint64_t items, std::uint64_t each) {
  const std::uint64_t wanted = larger<std::uint64_t>(divide_up(items, each), 1);
  return static_cast<unsigned>(smaller<std::uint64_t>(wanted, machine.resident_blocks(Kernel::residency)));
}

}  // namespace simrun::cuda
