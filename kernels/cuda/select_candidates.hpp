#pragma once

#include <type_traits>

#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/selection.hpp"

namespace simrun::cuda {

/// Where the selected elements of tiles and blocks begin. Tallies are those of elements above the cutoff, in the upper
/// half, and at the cutoff. Both may be counted modulo 2^32: only sums of elements that others follow matter, and there
/// are at most 2^32 elements.
struct Places {
  std::uint64_t* before_tile;  ///< one a tile: in the earlier tiles of its block
  std::uint64_t* in_block;     ///< one a block
};

/// Blocks of a selection. Part of the workspace's size, so the same on every device.
inline constexpr unsigned most_selecting_blocks = 1024;

inline unsigned selecting_blocks(std::uint64_t tiles) {
  return static_cast<unsigned>(smaller<std::uint64_t>(tiles, most_selecting_blocks));
}

/// A stretch of candidates in order.
struct Stretch {
  const float* values;
  const std::uint32_t* indices;  ///< null: element i of `values` has index first + i
  std::uint64_t first;
  std::uint64_t size;

  SIMRUN_DEVICE static Stretch of_tile(const Candidates& from, bool search_all, std::uint64_t tile) {
    if (search_all) {
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

/// The result of a selection.
struct Selected {
  std::uint32_t* indices;  ///< room for k
  float* values;
  float* cleared;        ///< array whose selected elements are set to 0, or null
  bool keep_zeros;       ///< whether zeros are entries
  std::uint32_t* signs;  ///< words_of(k), one bit an entry, 1 = negative, those behind the last 0; or null
};

/// The steps with which a selection ends, once the candidates are there, and the counts of their first digit. Each is
/// what one block does; `tried` says which candidates.
struct SelectCandidates {
  static constexpr unsigned threads = selecting_threads;
  using Shared = SelectionShared;
  Candidates from;
  Selection* selection;
  Places places;
  std::uint64_t k;
  Selected result;

  /// The cutoff with one more digit, once that was counted.
  template <class Block>
  SIMRUN_DEVICE Cutoff find_digit(Block& block, Shared& shared, const Tried& tried, unsigned digit) const {
    const Cutoff before = digit == 0 ? Cutoff{0, 0} : selection->found[digit - 1];
    const std::uint64_t* const counts = digit == 0 ? tried.counts : selection->tallies.later[digit - 1];
    pick(
        block, digit_bins(digit), k - before.above, [&](unsigned bin) { return counts[bin]; }, shared.picked);
    const Cutoff found{before.key | shared.picked.bin << digit_shift(digit), before.above + shared.picked.above};
    block.once([&] {
      if (block.number() == 0) selection->found[digit] = found;
    });
    return found;
  }

  /// Finds the digit before and counts this one. Reads 4 bytes a candidate.
  template <class Block>
  SIMRUN_DEVICE void count_digit(Block& block, Shared& shared, const Tried& tried, unsigned digit) const {
    const Cutoff found = find_digit(block, shared, tried, digit - 1);
    clear_counts(block, shared.counts, later_digit_bins);
    const unsigned shift = digit_shift(digit);
    const float* const values = search_all(tried) ? from.all : from.values;
    const std::uint64_t size = search_all(tried) ? from.size : tried.collected;
    block.each_thread([&](unsigned t) {
      for (std::uint64_t i = block.global(t); i < size; i += block.grid_threads()) {
        const std::uint32_t key = key_of(values[i]);
        if ((key ^ found.key) >> shift < later_digit_bins) {
          block.add(&shared.counts[key >> shift & (later_digit_bins - 1)], 1U);
        }
      }
    });
    add_counts(block, shared.counts, later_digit_bins, selection->tallies.later[digit - 1]);
  }

  /// Finds the last digit and counts what is selected, tile by tile. Reads 4 bytes a candidate.
  template <class Block>
  SIMRUN_DEVICE void count(Block& block, Shared& shared, const Tried& tried) const {
    const Cutoff cutoff = find_digit(block, shared, tried, digits - 1);
    const TileRange range = TileRange::of(block, from.tiles);
    std::uint64_t before = 0;
    for (std::uint64_t begin = range.begin; begin < range.end; begin += threads) {
      count_tiles(block, shared, {begin, smaller(begin + threads, range.end)}, cutoff.key, search_all(tried), before);
    }
    block.once([&] {
      places.in_block[block.number()] = before;
      if (block.number() == 0) conclude(tried, cutoff);
    });
    if (result.signs == nullptr) return;
    block.each_thread([&](unsigned t) {
      for (std::uint64_t w = block.global(t); w < words_of(k); w += block.grid_threads()) result.signs[w] = 0;
    });
  }

  /// Writes what is selected, in order, and leaves the tallies zero. Reads 8 bytes a candidate and writes 8 bytes an
  /// entry, 1/8 more for its sign, and 4 more, scattered, where it clears the elements that it selects.
  template <class Block>
  SIMRUN_DEVICE void write(Block& block) const {
    const TileRange range = TileRange::of(block, from.tiles);
    const bool all = selection->course.search_all != 0;
    const std::uint64_t in_earlier_blocks = sum_before(block, places.in_block);
    block.each_warp([&](auto& warp) {
      for (std::uint64_t tile = range.begin + warp.number(); tile < range.end; tile += threads / warp_lanes) {
        write(block, warp, Stretch::of_tile(from, all, tile), in_earlier_blocks + places.before_tile[tile]);
      }
    });
    auto* const tallies = reinterpret_cast<std::uint64_t*>(&selection->tallies);
    block.each_thread([&](unsigned t) {
      constexpr std::uint64_t count = sizeof(Tallies) / sizeof(std::uint64_t);
      for (std::uint64_t i = block.global(t); i < count; i += block.grid_threads()) tallies[i] = 0;
    });
  }

 private:
  SIMRUN_DEVICE bool search_all(const Tried& tried) const {
    return from.capacity == 0 || tried.collected > from.capacity;
  }

  /// Elements at the cutoff that are selected, the first ones. Where zeros are not kept and the cutoff is zero, none.
  SIMRUN_DEVICE std::uint64_t ties_wanted(const Cutoff& cutoff) const {
    return cutoff.key == 0 && !result.keep_zeros ? 0 : k - cutoff.above;
  }

  SIMRUN_DEVICE static std::uint64_t tally_of(float value, std::uint32_t cutoff) {
    const std::uint32_t key = key_of(value);
    return std::uint64_t{key > cutoff} << 32 | std::uint64_t{key == cutoff};
  }

  template <class Block>
  SIMRUN_DEVICE void count_tiles(Block& block, Shared& shared, const TileRange& tiles, std::uint32_t cutoff, bool all,
                                 std::uint64_t& before) const {
    block.each_warp([&](auto& warp) {
      for (std::uint64_t tile = tiles.begin + warp.number(); tile < tiles.end; tile += threads / warp_lanes) {
        const Stretch stretch = Stretch::of_tile(from, all, tile);
        typename std::remove_reference_t<decltype(warp)>::template PerLane<std::uint64_t> own;
        warp.each_lane([&](unsigned lane) {
          own[lane] = 0;
          for (std::uint64_t i = lane; i < stretch.size; i += warp_lanes) {
            own[lane] += tally_of(stretch.values[i], cutoff);
          }
        });
        block.put(&shared.tallies[tile - tiles.begin], warp.sum(own));  // by every lane
      }
    });
    typename Block::template PerThread<std::uint64_t> sums;
    block.each_thread([&](unsigned t) { sums[t] = tiles.begin + t < tiles.end ? shared.tallies[t] : 0; });
    const std::uint64_t total = block.exclusive_sum(sums);
    block.each_thread([&](unsigned t) {
      if (tiles.begin + t < tiles.end) places.before_tile[tiles.begin + t] = before + sums[t];
    });
    before += total;
  }

  /// On one thread of all.
  SIMRUN_DEVICE void conclude(const Tried& tried, const Cutoff& cutoff) const {
    const Tallies& tallies = selection->tallies;
    const std::uint64_t ties = tallies.later[digits - 2][cutoff.key & (later_digit_bins - 1)];
    selection->outcome = {cutoff.above + smaller(ties, ties_wanted(cutoff)), tallies.non_finite};
    selection->course = {tallies.first.collected, &tried != &tallies.first, search_all(tried)};
  }

  template <class Block, class Warp>
  SIMRUN_DEVICE void write(Block& block, Warp& warp, const Stretch& stretch, std::uint64_t before) const {
    const Cutoff cutoff = selection->found[digits - 1];
    const std::uint64_t wanted = ties_wanted(cutoff);
    auto above_before = static_cast<std::uint32_t>(before >> 32);
    auto ties_before = static_cast<std::uint32_t>(before);
    for (std::uint64_t begin = 0; begin < stretch.size; begin += warp_lanes) {
      const auto present = [&](unsigned lane) { return begin + lane < stretch.size; };
      typename Warp::template PerLane<float> value;
      warp.each_lane([&](unsigned lane) { value[lane] = present(lane) ? stretch.values[begin + lane] : 0.0F; });
      const std::uint32_t above = warp.ballot([&](unsigned lane) { return key_of(value[lane]) > cutoff.key; });
      const std::uint32_t ties =
          warp.ballot([&](unsigned lane) { return present(lane) && key_of(value[lane]) == cutoff.key; });
      const std::uint32_t taken = warp.ballot([&](unsigned lane) {
        const bool tie = (ties >> lane & 1U) != 0;
        return (above >> lane & 1U) != 0 ||
               (tie && std::uint64_t{ties_before} + count_bits(ties & lanes_below(lane)) < wanted);
      });
      const std::uint64_t place = above_before + smaller<std::uint64_t>(ties_before, wanted);
      warp.each_lane([&](unsigned lane) {
        if ((taken >> lane & 1U) == 0) return;
        const std::uint64_t at = place + count_bits(taken & lanes_below(lane));
        const std::uint32_t index = stretch.index(begin + lane);
        result.indices[at] = index;
        result.values[at] = value[lane];
        if (result.cleared != nullptr) result.cleared[index] = 0.0F;
      });
      if (result.signs != nullptr) pack(block, warp, value, taken, place);
      above_before += count_bits(above);
      ties_before += count_bits(ties);
    }
  }

  /// Sets the sign bits of what the lanes `taken` write from `place` on. Tiles share words where one ends.
  template <class Block, class Warp>
  SIMRUN_DEVICE void pack(Block& block, Warp& warp, const typename Warp::template PerLane<float>& value,
                          std::uint32_t taken, std::uint64_t place) const {
    typename Warp::template PerLane<std::uint32_t> sign;
    warp.each_lane([&](unsigned lane) {
      const bool negative = (taken >> lane & 1U) != 0 && value[lane] < 0.0F;
      sign[lane] = negative ? 1U << count_bits(taken & lanes_below(lane)) : 0;
    });
    const std::uint64_t bits = std::uint64_t{warp.sum(sign)} << (place % 32);  // no two lanes have the same bit
    warp.each_lane([&](unsigned lane) {
      const auto word = static_cast<std::uint32_t>(lane == 0 ? bits : bits >> 32);
      if (lane < 2 && word != 0) block.take_or(result.signs + place / 32 + lane, word);
    });
  }
};

/// What a selection needs besides its candidates.
struct SelectionWorkspace {
  Selection* selection;
  Places places;

  static SelectionWorkspace carve(Carver& carver, std::uint64_t tiles) {
    SelectionWorkspace workspace;
    workspace.selection = carver.take<Selection>(1);
    workspace.places.before_tile = carver.take<std::uint64_t>(tiles);
    workspace.places.in_block = carver.take<std::uint64_t>(selecting_blocks(tiles));
    return workspace;
  }

  /// Before the first selection.
  template <class Machine>
  void prepare(Machine& machine) const {
    machine.clear(selection, sizeof(Selection));
  }
};

/// Blocks of a selection among `tiles` tiles: as many as run at once, at most.
template <class Kernel, class Machine>
unsigned blocks_to_select(Machine& machine, std::uint64_t tiles) {
  return smaller(selecting_blocks(tiles), machine.resident_blocks(Kernel::residency));
}

}  // namespace simrun::cuda
