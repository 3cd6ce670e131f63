#pragma once

#include <type_traits>

#include "kernels/cuda/selection.hpp"
#include "kernels/cuda/sharing.hpp"

namespace simrun::cuda {

/// Elements at the cutoff that are selected, the first ones. Where zeros are not kept and the cutoff is zero, none.
SIMRUN_DEVICE inline std::uint64_t ties_wanted(const Selection& selection, std::uint64_t k, bool keep_zeros) {
  return selection.key == 0 && !keep_zeros ? 0 : k - selection.above;
}

/// Candidates above the cutoff, in the upper half, and at the cutoff. Both may be counted modulo 2^32: only sums of
/// elements that others follow matter, and there are at most 2^32 elements.
using Tally = std::uint64_t;

SIMRUN_DEVICE inline Tally tally_of(float value, std::uint32_t cutoff) {
  const std::uint32_t key = key_of(value);
  return Tally{key > cutoff} << 32 | Tally{key == cutoff};
}

/// A stretch of candidates in order.
struct Stretch {
  const float* values;
  const std::uint32_t* indices;  ///< null: element i of `values` has index first + i
  std::uint64_t first;
  std::uint64_t size;

  SIMRUN_DEVICE static Stretch of_tile(const Candidates& from, const Selection& selection, std::uint64_t tile) {
    if (selection.search_all != 0) {
      const std::uint64_t first = tile * from.all_tile;
      return {from.all + first, nullptr, first, smaller(from.all_tile, from.size - first)};
    }
    const Segment segment = from.segments[tile];
    return {from.values + segment.begin, from.indices + segment.begin, 0, segment.count};
  }

  SIMRUN_DEVICE std::uint32_t index(std::uint64_t i) const {
    return indices != nullptr ? indices[i] : static_cast<std::uint32_t>(first + i);
  }
};

/// Where the selected elements of tiles and blocks begin.
struct Places {
  Tally* before_tile;   ///< one a tile: in the earlier tiles of its block
  Tally* before_block;  ///< one a block
};

/// Counts what is selected, tile by tile. Reads 4 bytes a candidate.
struct CountSelected {
  static constexpr const char* name = "count_selected";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {
    Tally tallies[threads];
  };
  Candidates from;
  Selection* selection;
  Places places;
  std::uint64_t k;
  bool keep_zeros;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const TileRange range = TileRange::of(block, from.tiles);
    Tally before = 0;
    for (std::uint64_t begin = range.begin; begin < range.end; begin += threads) {
      count_tiles(block, shared, begin, smaller(begin + threads, range.end), before);
    }
    block.once([&] { places.before_block[block.number()] = before; });
    if (block.last_to_arrive(&selection->arrivals)) finish(block);
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void count_tiles(Block& block, Shared& shared, std::uint64_t begin, std::uint64_t end,
                                 Tally& before) const {
    block.each_warp([&](auto& warp) {
      for (std::uint64_t tile = begin + warp.number(); tile < end; tile += threads / warp_lanes) {
        const Stretch stretch = Stretch::of_tile(from, *selection, tile);
        typename std::remove_reference_t<decltype(warp)>::template PerLane<Tally> own;
        warp.each_lane([&](unsigned lane) {
          own[lane] = 0;
          for (std::uint64_t i = lane; i < stretch.size; i += warp_lanes) {
            own[lane] += tally_of(stretch.values[i], selection->key);
          }
        });
        block.put(&shared.tallies[tile - begin], warp.sum(own));  // by every lane
      }
    });
    typename Block::template PerThread<Tally> sums;
    block.each_thread([&](unsigned t) { sums[t] = begin + t < end ? shared.tallies[t] : 0; });
    const Tally total = block.exclusive_sum(sums);
    block.each_thread([&](unsigned t) {
      if (begin + t < end) places.before_tile[begin + t] = before + sums[t];
    });
    before += total;
  }

  template <class Block>
  SIMRUN_DEVICE void finish(Block& block) const {
    typename Block::template PerThread<Tally> sums;
    Tally before = 0;
    for (unsigned begin = 0; begin < block.count(); begin += threads) {
      block.each_thread([&](unsigned t) {
        sums[t] = begin + t < block.count() ? block.read_fresh(places.before_block + begin + t) : 0;
      });
      const Tally total = block.exclusive_sum(sums);
      block.each_thread([&](unsigned t) {
        if (begin + t < block.count()) places.before_block[begin + t] = before + sums[t];
      });
      before += total;
    }
    block.once([&] {
      const std::uint64_t ties = selection->counts[digits - 1][selection->key & (later_digit_bins - 1)];
      selection->selected = selection->above + smaller(ties, ties_wanted(*selection, k, keep_zeros));
    });
  }
};

/// Writes what is selected, in order. Reads 8 bytes a candidate and writes 8 bytes an entry, and 4 more, scattered,
/// where it clears the elements that it selects.
struct WriteSelected {
  static constexpr const char* name = "write_selected";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {};
  Candidates from;
  const Selection* selection;
  Places places;
  std::uint64_t k;
  bool keep_zeros;
  std::uint32_t* indices;
  float* values;
  float* cleared;  ///< null: nothing is cleared

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    const TileRange range = TileRange::of(block, from.tiles);
    const std::uint64_t wanted = ties_wanted(*selection, k, keep_zeros);
    block.each_warp([&](auto& warp) {
      for (std::uint64_t tile = range.begin + warp.number(); tile < range.end; tile += threads / warp_lanes) {
        const Tally before = places.before_block[block.number()] + places.before_tile[tile];
        write(warp, Stretch::of_tile(from, *selection, tile), before, wanted);
      }
    });
  }

 private:
  template <class Warp>
  SIMRUN_DEVICE void write(Warp& warp, const Stretch& stretch, Tally before, std::uint64_t wanted) const {
    auto above_before = static_cast<std::uint32_t>(before >> 32);
    auto ties_before = static_cast<std::uint32_t>(before);
    const std::uint32_t cutoff = selection->key;
    for (std::uint64_t begin = 0; begin < stretch.size; begin += warp_lanes) {
      typename Warp::template PerLane<float> value;
      warp.each_lane(
          [&](unsigned lane) { value[lane] = begin + lane < stretch.size ? stretch.values[begin + lane] : 0.0F; });
      const auto present = [&](unsigned lane) { return begin + lane < stretch.size; };
      const std::uint32_t above = warp.ballot([&](unsigned lane) { return key_of(value[lane]) > cutoff; });
      const std::uint32_t ties =
          warp.ballot([&](unsigned lane) { return present(lane) && key_of(value[lane]) == cutoff; });
      warp.each_lane([&](unsigned lane) {
        const std::uint64_t tie = std::uint64_t{ties_before} + count_bits(ties & lanes_below(lane));
        const bool is_tie = (ties >> lane & 1U) != 0;
        if ((above >> lane & 1U) == 0 && !(is_tie && tie < wanted)) return;
        const std::uint64_t at =
            std::uint64_t{above_before} + count_bits(above & lanes_below(lane)) + smaller(tie, wanted);
        indices[at] = stretch.index(begin + lane);
        values[at] = value[lane];
        if (cleared != nullptr) cleared[indices[at]] = 0.0F;
      });
      above_before += count_bits(above);
      ties_before += count_bits(ties);
    }
  }
};

/// The result of a selection.
struct Selected {
  std::uint32_t* indices;  ///< room for k
  float* values;
  float* cleared;  ///< array whose selected elements are set to 0, or null
  bool keep_zeros;
};

/// What a selection needs besides its candidates.
struct SelectionWorkspace {
  Selection* selection;
  Places places;

  static SelectionWorkspace carve(Carver& carver, std::uint64_t tiles, unsigned blocks) {
    SelectionWorkspace workspace;
    workspace.selection = carver.take<Selection>(1);
    workspace.places.before_tile = carver.take<Tally>(tiles);
    workspace.places.before_block = carver.take<Tally>(blocks);
    return workspace;
  }
};

/// Blocks that count and write. Part of the workspace's size, so the same on every device.
inline constexpr unsigned writing_blocks = 1024;

inline unsigned blocks_to_write(std::uint64_t tiles) {
  const std::uint64_t tiles_a_block = CountSelected::threads / warp_lanes;
  return static_cast<unsigned>(smaller<std::uint64_t>(divide_up(tiles, tiles_a_block), writing_blocks));
}

/// Launches what remains once the candidates and the first digit of the cutoff are there: four kernels.
template <class Machine>
void finish_selection(Machine& machine, const Candidates& from, const SelectionWorkspace& workspace, std::uint64_t k,
                      const Selected& result) {
  constexpr std::uint64_t candidates_a_block = 4096;
  const auto wanted = divide_up(larger<std::uint64_t>(from.capacity, 1), candidates_a_block);
  const auto blocks =
      static_cast<unsigned>(smaller<std::uint64_t>(wanted, machine.resident_blocks(RefineCutoff::residency)));
  for (unsigned digit = 1; digit < digits; ++digit) {
    machine.launch(blocks, RefineCutoff{from, workspace.selection, digit, k});
  }
  const unsigned writers = blocks_to_write(from.tiles);
  machine.launch(writers, CountSelected{from, workspace.selection, workspace.places, k, result.keep_zeros});
  machine.launch(writers, WriteSelected{from, workspace.selection, workspace.places, k, result.keep_zeros,
                                        result.indices, result.values, result.cleared});
}

}  // namespace simrun::cuda
