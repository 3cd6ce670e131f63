#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"

namespace simrun {

/// One of several runs that do a study together.
struct Shard {
  std::size_t number = 1;  ///< 1 to count
  std::size_t count = 1;
};

/// Reads "I/N". Throws InputError.
Shard parse_shard(const std::string& text);

/// The points of the study that the shard runs, ascending. Every point belongs to one shard. A point's cost grows with
/// M and depends on its method, so points are sorted by M, then by method, and dealt like cards, every other round
/// backwards: shards differ by one point at most, for each M by two.
std::vector<std::size_t> points_of(const Shard& shard, const Study& study);

}  // namespace simrun
