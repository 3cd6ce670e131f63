#pragma once

#include <type_traits>

#include "kernels/cuda/gradient.hpp"
#include "kernels/cuda/selection.hpp"
#include "kernels/cuda/top_k_plan.hpp"

namespace simrun::cuda {

/// What a pass over all elements does.
struct Pass {
  std::uint32_t floor;       ///< elements below are passed over
  std::uint64_t* counts;     ///< of the first digit of all others; null: none are counted
  std::uint64_t* collected;  ///< how many were; null: none are
};

/// A pass over all elements, as one block does its share. Reads 4 bytes an element; with a gradient reads its
/// bytes as well, 2 or 4, and writes 4. Writes 8 bytes for each element that it collects.
template <class Gradient>
struct Sweep {
  static constexpr unsigned threads = selecting_threads;
  using Shared = SelectionShared;
  TopK<Gradient> job;
  Candidates into;
  std::uint64_t* non_finite;
  Pass pass;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    if (pass.counts != nullptr) clear_counts(block, shared.counts, first_digit_bins);
    for (std::uint64_t turn = block.number(); turn < into.tiles; turn += block.count()) {
      // A pass that only collects follows another one. It begins where that ended, with what the cache still holds.
      sweep_tile_of(block, shared, pass.counts == nullptr ? into.tiles - 1 - turn : turn);
    }
    if (pass.counts != nullptr) add_counts(block, shared.counts, first_digit_bins, pass.counts);
  }

 private:
  /// The elements that a block handles at a time: quad q of thread t starts at element (q * threads + t) * 4 of them.
  struct Tile {
    std::uint64_t number;
    std::uint64_t begin;
    std::uint32_t size;
  };

  /// 16 elements.
  struct Items {
    Quad quads[quads_a_thread];
  };

  template <class Block>
  SIMRUN_DEVICE void sweep_tile_of(Block& block, Shared& shared, std::uint64_t number) const {
    const std::uint64_t begin = number * sweep_tile;
    const Tile tile{number, begin, static_cast<std::uint32_t>(smaller(sweep_tile, job.size - begin))};
    typename Block::template PerThread<Items> items;
    typename Block::template PerThread<std::uint32_t> reaching;   // bit 4 q + c: value c of quad q is collected
    typename Block::template PerThread<std::uint64_t> positions;  // 16 bits a quad
    block.each_thread([&](unsigned t) {
      items[t] = tile.size == sweep_tile ? load<true>(block, t, tile) : load<false>(block, t, tile);
      std::uint32_t mask = 0;
      for_each_value(items[t], t, tile, [&](unsigned bit, float value, std::uint32_t i) {
        const std::uint32_t key = key_of(value);
        if (key < pass.floor) return;
        mask |= 1U << bit;
        if (pass.counts != nullptr) block.add(&shared.counts[key >> digit_shift(0)], 1U);
        if (key >= least_non_finite_key) block.take_max(non_finite, ~(tile.begin + i));
      });
      reaching[t] = mask;
      positions[t] = 0;
      for (unsigned q = 0; q < quads_a_thread; ++q) {
        positions[t] |= std::uint64_t{count_bits(mask >> 4 * q & 15U)} << 16 * q;
      }
    });
    if (pass.collected != nullptr) collect(block, shared, tile, items, reaching, positions);
  }

  /// A tile but the last is whole: its loads are without a condition, so that all are under way at once.
  template <bool whole, class Block>
  SIMRUN_DEVICE Items load(Block& block, unsigned t, const Tile& tile) const {
    Items items;
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      items.quads[q] = load_quad<whole>(job.x + tile.begin, offset(q, t), tile);
    }
    if constexpr (!std::is_same_v<Gradient, NoGradient>) add_gradient<whole>(block, items, t, tile);
    return items;
  }

  template <bool whole, class Block>
  SIMRUN_DEVICE void add_gradient(Block& block, Items& items, unsigned t, const Tile& tile) const {
    Items gradient;
    const Gradient* const from = job.gradient + tile.begin;
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      if constexpr (whole) {
        gradient.quads[q] = read_quad_once(block, from + offset(q, t));
      } else {
        for (unsigned c = 0; c < 4; ++c) {
          const std::uint32_t i = offset(q, t) + c;
          gradient.quads[q].values[c] = i < tile.size ? widened(from[i]) : 0.0F;
        }
      }
    }
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) items.quads[q].values[c] += gradient.quads[q].values[c];
      store_quad<whole>(items.quads[q], offset(q, t), tile);
    }
  }

  SIMRUN_DEVICE static std::uint32_t offset(unsigned q, unsigned t) { return (q * threads + t) * 4; }

  template <bool whole>
  SIMRUN_DEVICE static Quad load_quad(const float* from, std::uint32_t i, const Tile& tile) {
    if constexpr (whole) return *reinterpret_cast<const Quad*>(from + i);
    Quad quad{};
    for (unsigned c = 0; c < 4; ++c) {
      if (i + c < tile.size) quad.values[c] = from[i + c];
    }
    return quad;
  }

  template <bool whole>
  SIMRUN_DEVICE void store_quad(const Quad& quad, std::uint32_t i, const Tile& tile) const {
    float* const to = job.x + tile.begin + i;
    if constexpr (whole) {
      *reinterpret_cast<Quad*>(to) = quad;
    } else {
      for (unsigned c = 0; c < 4; ++c) {
        if (i + c < tile.size) to[c] = quad.values[c];
      }
    }
  }

  /// visit(4 q + c, value, element of the tile) for the values that exist.
  template <class Visit>
  SIMRUN_DEVICE static void for_each_value(const Items& items, unsigned t, const Tile& tile, const Visit& visit) {
    SIMRUN_UNROLL
    for (unsigned q = 0; q < quads_a_thread; ++q) {
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) {
        const std::uint32_t i = offset(q, t) + c;
        if (i < tile.size) visit(4 * q + c, items.quads[q].values[c], i);
      }
    }
  }

  /// Appends the elements that reach the floor, in order, as the tile's segment.
  template <class Block>
  SIMRUN_DEVICE void collect(Block& block, Shared& shared, const Tile& tile,
                             typename Block::template PerThread<Items>& items,
                             typename Block::template PerThread<std::uint32_t>& reaching,
                             typename Block::template PerThread<std::uint64_t>& positions) const {
    const std::uint64_t totals = block.exclusive_sum(positions);
    const auto of_quad = [](std::uint64_t packed, unsigned q) {
      return static_cast<std::uint32_t>(packed >> 16 * q) & 0xFFFFU;
    };
    std::uint32_t count = 0;
    for (unsigned q = 0; q < quads_a_thread; ++q) count += of_quad(totals, q);
    block.once([&] {
      shared.begin = count > 0 ? block.add(pass.collected, std::uint64_t{count}) : 0;
      into.segments[tile.number] = {static_cast<std::uint32_t>(shared.begin), count};
    });
    block.each_thread([&](unsigned t) {
      if (reaching[t] == 0 || shared.begin + count > into.capacity) return;
      std::uint64_t start = shared.begin;  // of the elements of quad q of all threads
      for_each_value(items[t], t, tile, [&](unsigned bit, float value, std::uint32_t i) {
        const unsigned q = bit / 4;
        if (bit > 0 && bit % 4 == 0) start += of_quad(totals, q - 1);
        if ((reaching[t] >> bit & 1U) == 0) return;
        const std::uint32_t earlier = reaching[t] >> 4 * q & lanes_below(bit % 4);
        const std::uint64_t at = start + of_quad(positions[t], q) + count_bits(earlier);
        into.indices[at] = static_cast<std::uint32_t>(tile.begin) + i;
        into.values[at] = value;
      });
    });
  }
};

}  // namespace simrun::cuda
