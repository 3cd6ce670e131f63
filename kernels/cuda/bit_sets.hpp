#pragma once

#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/sharing.hpp"

namespace simrun::cuda {

// Bits at ascending positions of an array of words, and back: what the index codings bitmap and elias-fano have in
// common. The blocks share the words, so that every word is written once, by the block that finds the bits in it.

/// The least j in [0, size] for which below(j) is false; below holds for all j in front of it. Found by a warp, which
/// divides the range by 33 with each look.
template <class Warp, class Below>
SIMRUN_DEVICE std::uint64_t first_not_below(Warp& warp, std::uint64_t size, const Below& below) {
  std::uint64_t low = 0;
  std::uint64_t left = size;  // what is looked for lies in [low, low + left]
  while (left > 0) {
    const std::uint64_t step = divide_up<std::uint64_t>(left + 1, warp_lanes + 1);
    const std::uint64_t end = low + left;
    const std::uint32_t found = warp.ballot([&](unsigned lane) {
      const std::uint64_t j = low + (lane + 1) * step - 1;
      return j < end && below(j);
    });
    low += count_bits(found) * step;
    left = smaller(step - 1, end - low);
  }
  return low;
}

/// Words of an array that a block builds at a time.
template <unsigned size>
struct BitTile {
  static constexpr unsigned tile_words = size;
  std::uint32_t words[size];
  std::uint64_t next[2];  ///< the first entry that is not in the tile; entry of odd and even batches
};

inline constexpr unsigned set_bits_a_thread = 4;

/// Sets the bits of entries from `next` on that lie in [begin, end), where `begin` is the first bit of the tile.
/// Returns the first entry that does not.
template <class Block, class Tile, class PositionOf>
SIMRUN_DEVICE std::uint64_t fill_tile(Block& block, Tile& tile, std::uint64_t begin, std::uint64_t end,
                                      std::uint64_t next, std::uint64_t entries, const PositionOf& position_of) {
  constexpr std::uint64_t batch = std::uint64_t{Block::threads} * set_bits_a_thread;
  const auto below = [&](std::uint64_t j) { return j < entries && position_of(j) < end; };
  for (unsigned slot = 0;; slot ^= 1U) {
    const std::uint64_t first = next;
    block.each_thread([&](unsigned t) {
      SIMRUN_UNROLL
      for (unsigned i = 0; i < set_bits_a_thread; ++i) {
        const std::uint64_t j = first + i * Block::threads + t;
        const bool inside = below(j);
        if (inside) {
          const auto bit = static_cast<std::uint32_t>(position_of(j) - begin);
          block.take_or(&tile.words[bit / 32], 1U << (bit % 32));
        }
        // The bits ascend, so that one thread sees where they leave the tile or the batch ends.
        const bool last = j + 1 == first + batch;
        if (!inside && (j == first || below(j - 1))) tile.next[slot] = j;
        if (inside && last) tile.next[slot] = j + 1;
      }
    });
    next = tile.next[slot];
    if (next < first + batch) return next;
  }
}

/// Builds this block's share of `size` words in which the bits at position_of(0) < position_of(1) < ... are set, all
/// below 32 size. Writes each word once and reads what position_of reads of each entry, up to three times, once from
/// memory.
template <class Block, class Tile, class PositionOf>
SIMRUN_DEVICE void set_bits(Block& block, Tile& tile, std::uint32_t* words, std::uint64_t size, std::uint64_t entries,
                            const PositionOf& position_of) {
  constexpr std::uint64_t tile_words = Tile::tile_words;
  const TileRange range = TileRange::of(block, divide_up(size, tile_words));
  if (range.begin == range.end) return;
  block.each_warp([&](auto& warp) {
    if (warp.number() != 0) return;
    const std::uint64_t begin = range.begin * tile_words * 32;
    const std::uint64_t first = first_not_below(warp, entries, [&](std::uint64_t j) { return position_of(j) < begin; });
    warp.each_lane([&](unsigned lane) {
      if (lane == 0) tile.next[0] = first;
    });
  });
  std::uint64_t next = tile.next[0];
  for (std::uint64_t at = range.begin; at < range.end; ++at) {
    const std::uint64_t begin = at * tile_words;
    const auto count = static_cast<unsigned>(smaller(size - begin, tile_words));
    block.each_thread([&](unsigned t) {
      for (unsigned w = t; w < tile_words; w += Block::threads) tile.words[w] = 0;
    });
    next = fill_tile(block, tile, begin * 32, (begin + count) * 32, next, entries, position_of);
    block.each_thread([&](unsigned t) {
      for (unsigned w = t; w < count; w += Block::threads) words[begin + w] = tile.words[w];
    });
  }
}

/// Counts the bits of each block's share of the words. Reads each word once.
struct CountBits {
  static constexpr const char* name = "count_bits";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned words_in_flight = 8;
  struct Shared {};
  const std::uint32_t* words;
  std::uint64_t size;
  std::uint64_t tile_words;  ///< of ListedTile
  std::uint64_t* block_bits;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    const TileRange range = TileRange::of(block, divide_up(size, tile_words));
    const std::uint64_t end = smaller(range.end * tile_words, size);
    typename Block::template PerThread<std::uint64_t> own;
    block.each_thread([&](unsigned t) {
      own[t] = 0;
      for (std::uint64_t begin = range.begin * tile_words; begin < end; begin += threads * words_in_flight) {
        std::uint32_t read[words_in_flight];
        SIMRUN_UNROLL
        for (unsigned i = 0; i < words_in_flight; ++i) {
          const std::uint64_t at = begin + i * threads + t;
          read[i] = at < end ? words[at] : 0;
        }
        SIMRUN_UNROLL
        for (unsigned i = 0; i < words_in_flight; ++i) own[t] += count_bits(read[i]);
      }
    });
    const std::uint64_t total = block.exclusive_sum(own);
    block.once([&] { block_bits[block.number()] = total; });
  }
};

/// Words whose bits a block lists at a time.
template <unsigned threads, unsigned words_a_thread>
struct ListedTile {
  static constexpr unsigned each = words_a_thread;
  static constexpr unsigned tile_words = threads * words_a_thread;
  static constexpr unsigned window = 4096;  ///< bits that are listed at a time
  static_assert(tile_words * 32 <= 65536, "positions in a tile take 16 bits");
  std::uint32_t words[spread(tile_words)];  ///< word w at spread(w)
  std::uint16_t positions[window];
};

/// Lists the bits numbered [first, first + window) of the tile. `before`: bits of the threads before.
template <class Block, class Tile>
SIMRUN_DEVICE void list_window(Block& block, Tile& tile, std::uint32_t first,
                               const typename Block::template PerThread<std::uint32_t>& before) {
  block.each_thread([&](unsigned t) {
    std::uint32_t number = before[t];
    if (number >= first + Tile::window) return;
    for (unsigned w = t * Tile::each; w < (t + 1) * Tile::each; ++w) {
      for (std::uint32_t word = tile.words[spread(w)]; word != 0; word &= word - 1) {
        const std::uint32_t place = number++ - first;  // wraps in front of the window
        if (place < Tile::window) tile.positions[place] = static_cast<std::uint16_t>(w * 32 + lowest_bit(word));
      }
    }
  });
}

/// Calls emit(j, position) for the bits of this block's share of the words, of which bit number j is at `position`.
/// Reads each word once. `block_bits`: what CountBits, launched with equally many blocks, counted.
template <class Block, class Tile, class Emit>
SIMRUN_DEVICE void list_bits(Block& block, Tile& tile, const std::uint32_t* words, std::uint64_t size,
                             const std::uint64_t* block_bits, const Emit& emit) {
  constexpr std::uint64_t tile_words = Tile::tile_words;
  const TileRange range = TileRange::of(block, divide_up(size, tile_words));
  typename Block::template PerThread<std::uint32_t> before;
  std::uint64_t listed = sum_before(block, block_bits);
  for (std::uint64_t at = range.begin; at < range.end; ++at) {
    const std::uint64_t begin = at * tile_words;
    block.each_thread([&](unsigned t) {
      SIMRUN_UNROLL
      for (unsigned i = 0; i < Tile::each; ++i) {
        const unsigned w = i * Block::threads + t;
        tile.words[spread(w)] = begin + w < size ? words[begin + w] : 0;
      }
    });
    block.each_thread([&](unsigned t) {
      before[t] = 0;
      for (unsigned i = 0; i < Tile::each; ++i) before[t] += count_bits(tile.words[spread(t * Tile::each + i)]);
    });
    const std::uint32_t total = block.exclusive_sum(before);
    for (std::uint32_t first = 0; first < total; first += Tile::window) {
      list_window(block, tile, first, before);
      const std::uint32_t count = smaller(total - first, Tile::window);
      block.each_thread([&](unsigned t) {
        for (std::uint32_t i = t; i < count; i += Block::threads) {
          emit(listed + first + i, begin * 32 + tile.positions[i]);
        }
      });
    }
    listed += total;
  }
}

}  // namespace simrun::cuda
