#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace simrun {

// Random words come in tiles. Tile t of a stream is made of the blocks with counters 64 t to 64 t + 63, and words[i][j]
// is word i of block 64 t + j. That order needs no transposition between lanes of a vector.
constexpr std::size_t blocks_a_tile = 64;
constexpr std::size_t words_a_tile = 4 * blocks_a_tile;
using Tile = std::array<std::array<std::uint32_t, blocks_a_tile>, 4>;

/// One sequence of random numbers. The key is the seed; the counter's words are, lowest first, the block's number (two
/// words), the tensor's index and whose numbers they are. So no two streams of a seed share a counter.
struct Stream {
  std::uint64_t seed;
  std::uint32_t tensor;
  std::uint32_t owner;
};

/// Tile number `tile` of `stream`, by Philox4x32-10 (kernels/philox.hpp): the same words on every processor.
void make_tile(const Stream& stream, std::uint64_t tile, Tile& out);

}  // namespace simrun
