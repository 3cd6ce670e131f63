#pragma once

#include "kernels/count_sketch.hpp"
#include "kernels/cuda/rounding.hpp"
#include "kernels/cuda/streaming.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// Count sketches of pairs, and the pairs of a count sketch: kernels/count_sketch.hpp. Counters lie anywhere, so that
// each access to one touches a sector of 32 bytes.

/// What sketches are worked on in.
struct SketchState {
  std::uint64_t* largest;    ///< key of the largest magnitude; 0 before, like the next four
  std::uint64_t* estimated;  ///< entries that are left in the end
  std::uint64_t* peeled;     ///< how many entries each round peels
  std::uint32_t* counts;     ///< entries in each counter that are left; where entries are peeled
  std::uint64_t* sums;       ///< of each counter, in units; 0 before where a sketch is made
  std::uint32_t* rounds;     ///< of each entry: 1 + the round that peels it, 0 before
  std::uint64_t* found;      ///< of each entry that is peeled: its units
};

/// The largest magnitude of these numbers. Reads 4 bytes a number.
template <class Block>
SIMRUN_DEVICE void find_largest(Block& block, const float* numbers, std::uint64_t size, std::uint64_t* largest) {
  LargestMagnitude::Shared none;
  LargestMagnitude{numbers, size, largest}.run(block, none);
}

/// Steps: the largest magnitude, adding, rounding to fp32. Reads 12 bytes an entry, reads and writes 3 sectors; reads 8
/// bytes a counter, writes 4.
struct SketchPairs {
  static constexpr const char* name = "sketch_pairs";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned steps = 3;
  struct Shared {};
  const std::uint32_t* indices;
  const float* values;
  Entries entries;
  std::uint64_t columns;
  SketchState state;
  float* counters;

  SIMRUN_DEVICE bool needs(unsigned) const { return true; }

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&, unsigned step) const {
    if (step == 0) return find_largest(block, values, entries.count(), state.largest);
    const SketchUnits units(static_cast<std::uint32_t>(block.read_fresh(state.largest)));
    if (step == 1) {
      stream(
          block, entries.count(), [&](std::uint64_t j) { return block.read_once(indices + j); },
          [&](std::uint64_t j, std::uint32_t index) {
            const SketchPlace place = sketch_place(index, columns);
            const std::uint64_t value = units.of(values[j]);
            SIMRUN_UNROLL
            for (unsigned row = 0; row < sketch_rows; ++row)
              block.add(state.sums + place.counter(row), signed_units(place, row, value));
          });
    } else {
      stream(
          block, sketch_rows * columns, [&](std::uint64_t i) { return block.read_fresh(state.sums + i); },
          [&](std::uint64_t i, std::uint64_t sum) { counters[i] = units.number(sum); });
    }
  }
};

/// Steps: the largest magnitude and the entries in each counter; counters in units; for each round, looking for entries
/// that are alone in a counter and taking them out of all; the values. Rounds stop where no entry is alone. Reads 4
/// bytes a counter twice, reads and writes 12; of each entry, 3 sectors read and written for its counts, and 6 when it
/// is peeled; in each round 4 bytes an entry and 3 sectors of those that are left.
struct PeelSketch {
  static constexpr const char* name = "peel_sketch";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned first_round = 2;
  static constexpr unsigned last = first_round + 2 * peeling_rounds;
  static constexpr unsigned steps = last + 1;
  struct Shared {};
  const std::uint32_t* indices;
  std::uint64_t entries;
  const float* counters;
  std::uint64_t columns;
  SketchState state;
  float* values;

  SIMRUN_DEVICE bool needs(unsigned step) const {
    if (step < first_round + 1 || step == last) return true;
    // Looking depends on the round before, taking out on what was found in this one.
    return state.peeled[(step - first_round - 1) / 2] != 0;
  }

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&, unsigned step) const {
    if (step == 0) return count(block);
    const SketchUnits units(static_cast<std::uint32_t>(block.read_fresh(state.largest)));
    if (step == 1) return convert(block, units);
    if (step == last) return write(block, units);
    const unsigned round = (step - first_round) / 2;
    return (step - first_round) % 2 == 0 ? look(block, round) : take_out(block, round);
  }

 private:
  template <class Block>
  SIMRUN_DEVICE void count(Block& block) const {
    find_largest(block, counters, sketch_rows * columns, state.largest);
    stream(
        block, entries, [&](std::uint64_t j) { return indices[j]; },
        [&](std::uint64_t j, std::uint32_t index) {
          const SketchPlace place = sketch_place(index, columns);
          SIMRUN_UNROLL
          for (unsigned row = 0; row < sketch_rows; ++row) block.add(state.counts + place.counter(row), 1U);
          state.rounds[j] = 0;
        });
  }

  template <class Block>
  SIMRUN_DEVICE void convert(Block& block, const SketchUnits& units) const {
    stream(
        block, sketch_rows * columns, [&](std::uint64_t i) { return block.read_once(counters + i); },
        [&](std::uint64_t i, float counter) { state.sums[i] = units.of(counter); });
  }

  template <class Block>
  SIMRUN_DEVICE std::uint64_t says(Block& block, const SketchPlace& place, unsigned row) const {
    return signed_units(place, row, block.read_fresh(state.sums + place.counter(row)));
  }

  template <class Block>
  SIMRUN_DEVICE void look(Block& block, unsigned round) const {
    typename Block::template PerThread<std::uint32_t> own;
    block.each_thread([&](unsigned t) {
      own[t] = 0;
      for (std::uint64_t j = block.global(t); j < entries; j += block.grid_threads()) {
        if (state.rounds[j] != 0) continue;
        const SketchPlace place = sketch_place(indices[j], columns);
        bool is_found = false;
        SIMRUN_UNROLL
        for (unsigned row = 0; row < sketch_rows; ++row) {
          if (is_found || block.read_fresh(state.counts + place.counter(row)) != 1) continue;
          is_found = true;
          state.found[j] = says(block, place, row);
        }
        if (!is_found) continue;
        state.rounds[j] = round + 1;
        ++own[t];
      }
    });
    const std::uint32_t all = block.exclusive_sum(own);
    block.once([&] {
      if (all > 0) block.add(state.peeled + round, std::uint64_t{all});
    });
  }

  template <class Block>
  SIMRUN_DEVICE void take_out(Block& block, unsigned round) const {
    stream(
        block, entries, [&](std::uint64_t j) { return state.rounds[j] == round + 1; },
        [&](std::uint64_t j, bool is_found) {
          if (!is_found) return;
          const SketchPlace place = sketch_place(indices[j], columns);
          SIMRUN_UNROLL
          for (unsigned row = 0; row < sketch_rows; ++row) {
            block.add(state.sums + place.counter(row), 0 - signed_units(place, row, state.found[j]));
            block.add(state.counts + place.counter(row), ~0U);
          }
        });
  }

  template <class Block>
  SIMRUN_DEVICE void write(Block& block, const SketchUnits& units) const {
    stream(
        block, entries, [&](std::uint64_t j) { return state.rounds[j] != 0; },
        [&](std::uint64_t j, bool is_found) {
          std::uint64_t value = 0;
          if (is_found) {
            value = state.found[j];
          } else {
            const SketchPlace place = sketch_place(indices[j], columns);
            value = median_units(says(block, place, 0), says(block, place, 1), says(block, place, 2));
            block.add(state.estimated, std::uint64_t{1});
          }
          values[j] = units.number(value);
        });
  }
};

/// What both need.
struct SketchWorkspace {
  SketchState state;
  std::size_t cleared;  ///< bytes, from state.largest on

  /// `entries`: that are peeled; 0 where a sketch is made.
  static SketchWorkspace carve(Carver& carver, std::uint64_t columns, std::uint64_t entries) {
    const std::uint64_t counters = sketch_rows * columns;
    const std::size_t before = carver.used();
    SketchWorkspace workspace{};
    SketchState& state = workspace.state;
    state.largest = carver.take<std::uint64_t>(2 + peeling_rounds);
    state.estimated = state.largest + 1;
    state.peeled = state.largest + 2;
    if (entries > 0) state.counts = carver.take<std::uint32_t>(counters);
    if (entries > 0) workspace.cleared = carver.used() - before;
    state.sums = carver.take<std::uint64_t>(counters);
    if (entries == 0) workspace.cleared = carver.used() - before;
    state.rounds = carver.take<std::uint32_t>(entries);
    state.found = carver.take<std::uint64_t>(entries);
    return workspace;
  }
};

/// Launches a count sketch of pairs: memory is cleared, and one kernel.
template <class Machine>
void launch_sketch(Machine& machine, const std::uint32_t* indices, const float* values, Entries entries,
                   std::uint64_t columns, const SketchWorkspace& workspace, float* counters) {
  machine.clear(workspace.state.largest, workspace.cleared);
  machine.launch(blocks_to_stream<SketchPairs>(machine, larger(entries.most, sketch_rows * columns)),
                 SketchPairs{indices, values, entries, columns, workspace.state, counters});
}

/// Launches the reverse: memory is cleared, and one kernel. There are entries.
template <class Machine>
void launch_peel(Machine& machine, const std::uint32_t* indices, std::uint64_t entries, const float* counters,
                 std::uint64_t columns, const SketchWorkspace& workspace, float* values) {
  machine.clear(workspace.state.largest, workspace.cleared);
  machine.launch(blocks_to_stream<PeelSketch>(machine, larger(entries, sketch_rows * columns)),
                 PeelSketch{indices, entries, counters, columns, workspace.state, values});
}

}  // namespace simrun::cuda
