#pragma once

#include "kernels/cuda/bit_sets.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// The index coding `bitmap`: ceil(N/32) words, bit i%32 of word i/32 set where index i is present.

/// Writes 1/8 byte an element and reads 4 bytes an entry.
struct EncodeBitmap {
  static constexpr const char* name = "encode_bitmap";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 8;
  using Shared = BitTile<2048>;
  const std::uint32_t* indices;
  Entries entries;
  std::uint32_t* words;
  std::uint64_t size;  ///< of `words`

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    set_bits(block, shared, words, size, entries.count(), [&](std::uint64_t j) { return std::uint64_t{indices[j]}; });
  }
};

/// Reads 1/8 byte an element and writes 4 bytes an entry.
struct DecodeBitmap {
  static constexpr const char* name = "decode_bitmap";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  using Shared = ListedTile<threads, 8>;
  const std::uint32_t* words;
  std::uint64_t size;
  const std::uint64_t* block_bits;
  std::uint32_t* indices;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    list_bits(block, shared, words, size, block_bits,
              [&](std::uint64_t j, std::uint64_t position) { indices[j] = static_cast<std::uint32_t>(position); });
  }
};

struct BitmapWorkspace {
  std::uint64_t* block_bits;

  static BitmapWorkspace carve(Carver& carver) { return {carver.take<std::uint64_t>(counting_blocks)}; }
};

/// Launches the coding of ascending indices below `elements`: one kernel. `words` has room for ceil(elements/32).
template <class Machine>
void launch_bitmap_encode(Machine& machine, const std::uint32_t* indices, Entries entries, std::uint64_t elements,
                          std::uint32_t* words) {
  const std::uint64_t size = words_of(elements);
  machine.launch(blocks_for<EncodeBitmap>(machine, size, EncodeBitmap::Shared::tile_words),
                 EncodeBitmap{indices, entries, words, size});
}

/// Launches the reverse: two kernels, of which both read the words. `indices` has room for as many as there are.
template <class Machine>
void launch_bitmap_decode(Machine& machine, const std::uint32_t* words, std::uint64_t elements,
                          const BitmapWorkspace& workspace, std::uint32_t* indices) {
  constexpr std::uint64_t tile_words = DecodeBitmap::Shared::tile_words;
  const std::uint64_t size = words_of(elements);
  const unsigned blocks = blocks_to_count(divide_up(size, tile_words));
  machine.launch(blocks, CountBits{words, size, tile_words, workspace.block_bits});
  machine.launch(blocks, DecodeBitmap{words, size, workspace.block_bits, indices});
}

}  // namespace simrun::cuda
