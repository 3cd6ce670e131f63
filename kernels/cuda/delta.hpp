#pragma once

#include "kernels/cuda/delta_layout.hpp"
#include "kernels/cuda/sharing.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// The index coding `delta`, whose layout kernels/index_codings/delta.cpp describes: gaps between neighbouring indices,
// in blocks of 128 (here: runs) with as many bits as the largest gap of the run needs. A warp codes a run, each lane
// four of its values. One launch measures the runs, so that the next knows where each of them begins.

/// Threads of the kernels, and how runs are divided among their blocks.
struct DeltaKernel {
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  static constexpr unsigned warps = threads / warp_lanes;
};

/// Writes bases and widths and counts the words of gaps, block by block. Reads 4 bytes an entry.
struct MeasureRuns : DeltaKernel {
  static constexpr const char* name = "measure_runs";
  struct Shared {};
  const std::uint32_t* indices;
  Entries entries;
  std::uint32_t* words;
  std::uint64_t* block_words;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    const std::uint64_t count = entries.count();
    const DeltaParts parts = DeltaParts::of(count);
    const TileRange range = TileRange::of(block, parts.runs);
    typename Block::template PerThread<std::uint64_t> own;
    block.each_warp([&](auto& warp) {
      std::uint64_t total = 0;
      for (std::uint64_t run = range.begin + warp.number(); run < range.end; run += warps) {
        total += words_of_run(count, run, measure(warp, parts, run, count));
      }
      warp.each_lane([&](unsigned lane) { own[warp.thread(lane)] = lane == 0 ? total : 0; });
    });
    const std::uint64_t total = block.exclusive_sum(own);
    block.once([&] {
      block_words[block.number()] = total;
      std::uint8_t* const widths = parts.widths(words);
      if (block.number() + 1 < block.count()) return;
      for (std::uint64_t at = parts.runs; at < parts.width_words * 4; ++at) widths[at] = 0;
    });
  }

 private:
  template <class Warp>
  SIMRUN_DEVICE std::uint8_t measure(Warp& warp, const DeltaParts& parts, std::uint64_t run,
                                     std::uint64_t count) const {
    typename Warp::template PerLane<std::uint32_t> largest;
    warp.each_lane([&](unsigned lane) {
      const WordQuad gaps = load_gaps(indices, run * warp_lanes + lane, count);
      largest[lane] = gaps.words[0] | gaps.words[1] | gaps.words[2] | gaps.words[3];
    });
    const auto width = static_cast<std::uint8_t>(bit_width(warp.largest(largest)));
    warp.each_lane([&](unsigned lane) {
      if (lane != 0) return;
      words[run] = indices[run * run_entries];
      parts.widths(words)[run] = width;
    });
    return width;
  }
};

/// The same count for indices that are coded. Reads a byte a run.
struct SumWidths : DeltaKernel {
  static constexpr const char* name = "sum_widths";
  struct Shared {};
  const std::uint32_t* words;
  std::uint64_t entries;
  std::uint64_t* block_words;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    const DeltaParts parts = DeltaParts::of(entries);
    const TileRange range = TileRange::of(block, parts.runs);
    typename Block::template PerThread<std::uint64_t> own;
    block.each_thread([&](unsigned t) {
      own[t] = 0;
      for (std::uint64_t run = range.begin + t; run < range.end; run += threads) {
        own[t] += words_of_run(entries, run, parts.widths(words)[run]);
      }
    });
    const std::uint64_t total = block.exclusive_sum(own);
    block.once([&] { block_words[block.number()] = total; });
  }
};

/// Calls visit(warp, run, width, first word of its gaps) for every run of this block, on all lanes of a warp. Returns
/// how many words the gaps of this block's runs and of those before take.
template <class Block, class Visit>
SIMRUN_DEVICE std::uint64_t for_each_run(Block& block, std::uint64_t (&starts)[DeltaKernel::threads],
                                         const std::uint32_t* words, std::uint64_t entries,
                                         const std::uint64_t* block_words, const Visit& visit) {
  const DeltaParts parts = DeltaParts::of(entries);
  const TileRange range = TileRange::of(block, parts.runs);
  const std::uint8_t* const widths = parts.widths(words);
  std::uint64_t before = sum_before(block, block_words);
  typename Block::template PerThread<std::uint64_t> own;
  for (std::uint64_t begin = range.begin; begin < range.end; begin += Block::threads) {
    const std::uint64_t end = smaller<std::uint64_t>(begin + Block::threads, range.end);
    block.each_thread(
        [&](unsigned t) { own[t] = begin + t < end ? words_of_run(entries, begin + t, widths[begin + t]) : 0; });
    const std::uint64_t total = block.exclusive_sum(own);
    block.each_thread([&](unsigned t) { starts[t] = before + own[t]; });
    block.each_warp([&](auto& warp) {
      for (std::uint64_t run = begin + warp.number(); run < end; run += DeltaKernel::warps) {
        visit(warp, run, widths[run], parts.head() + starts[run - begin]);
      }
    });
    before += total;
  }
  return before;
}

/// Writes the gaps. Reads 4 bytes an entry and writes what they take.
struct PackRuns : DeltaKernel {
  static constexpr const char* name = "pack_runs";
  struct Shared {
    std::uint64_t starts[threads];
    WordQuad gaps[warps][warp_lanes];
  };
  const std::uint32_t* indices;
  Entries entries;
  std::uint32_t* words;
  const std::uint64_t* block_words;
  std::uint64_t* size;  ///< receives the number of words

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const std::uint64_t count = entries.count();
    const std::uint64_t gap_words = for_each_run(
        block, shared.starts, words, count, block_words,
        [&](auto& warp, std::uint64_t run, unsigned width, std::uint64_t start) {
          WordQuad* const quads = shared.gaps[warp.number()];
          warp.each_lane([&](unsigned lane) { quads[lane] = load_gaps(indices, run * warp_lanes + lane, count); });
          const unsigned stored = entries_of_run(count, run);
          const unsigned size_of_run = (stored * width + 31) / 32;
          warp.each_lane([&](unsigned lane) {
            for (unsigned at = lane; at < size_of_run; at += warp_lanes) {
              words[start + at] = packed_word(at, width, stored, [&](unsigned j) { return quads[j / 4].words[j % 4]; });
            }
          });
        });
    block.once([&] {
      if (block.number() + 1 == block.count()) *size = DeltaParts::of(count).head() + gap_words;
    });
  }
};

/// Reads indices that are coded. Writes 4 bytes an entry.
struct UnpackRuns : DeltaKernel {
  static constexpr const char* name = "unpack_runs";
  struct Shared {
    std::uint64_t starts[threads];
  };
  const std::uint32_t* words;
  std::uint64_t entries;
  const std::uint64_t* block_words;
  std::uint32_t* indices;  ///< at a multiple of 16 bytes

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    for_each_run(block, shared.starts, words, entries, block_words,
                 [&](auto& warp, std::uint64_t run, unsigned width, std::uint64_t start) {
                   unpack(warp, run, width, words + start);
                 });
  }

 private:
  template <class Warp>
  SIMRUN_DEVICE void unpack(Warp& warp, std::uint64_t run, unsigned width, const std::uint32_t* gaps) const {
    const unsigned stored = entries_of_run(entries, run);
    typename Warp::template PerLane<WordQuad> steps;
    typename Warp::template PerLane<std::uint32_t> before;
    warp.each_lane([&](unsigned lane) {
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) {
        const unsigned j = lane * 4 + c;
        steps[lane].words[c] = j > 0 && j < stored ? unpacked(gaps, j, width) + 1 : 0;
      }
      before[lane] = steps[lane].words[0] + steps[lane].words[1] + steps[lane].words[2] + steps[lane].words[3];
    });
    warp.exclusive_sum(before);
    warp.each_lane([&](unsigned lane) {
      WordQuad own;
      std::uint32_t index = words[run] + before[lane];
      SIMRUN_UNROLL
      for (unsigned c = 0; c < 4; ++c) own.words[c] = index += steps[lane].words[c];
      store(own, run * run_entries + lane * 4);
    });
  }

  SIMRUN_DEVICE void store(const WordQuad& own, std::uint64_t first) const {
    if (first + 4 <= entries) {
      *reinterpret_cast<WordQuad*>(indices + first) = own;
      return;
    }
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      if (first + c < entries) indices[first + c] = own.words[c];
    }
  }
};

/// What one launch tells the next.
struct DeltaWorkspace {
  std::uint64_t* block_words;

  static DeltaWorkspace carve(Carver& carver) { return {carver.take<std::uint64_t>(counting_blocks)}; }
};

/// Blocks that share the runs, a warp for each run while there are few.
inline unsigned delta_blocks(std::uint64_t entries) {
  return blocks_to_count(divide_up<std::uint64_t>(DeltaParts::of(entries).runs, DeltaKernel::warps));
}

/// Launches the coding of ascending indices, which lie at a multiple of 16 bytes: two kernels. `words` has room for
/// most_delta_words(entries.most); `size` receives how many there are.
template <class Machine>
void launch_delta_encode(Machine& machine, const std::uint32_t* indices, Entries entries,
                         const DeltaWorkspace& workspace, std::uint32_t* words, std::uint64_t* size) {
  const unsigned blocks = delta_blocks(entries.most);
  machine.launch(blocks, MeasureRuns{{}, indices, entries, words, workspace.block_words});
  machine.launch(blocks, PackRuns{{}, indices, entries, words, workspace.block_words, size});
}

/// Launches the reverse: two kernels. The words must be what coding `entries` indices gives; that is not checked.
template <class Machine>
void launch_delta_decode(Machine& machine, const std::uint32_t* words, std::uint64_t entries,
                         const DeltaWorkspace& workspace, std::uint32_t* indices) {
  const unsigned blocks = delta_blocks(entries);
  machine.launch(blocks, SumWidths{{}, words, entries, workspace.block_words});
  machine.launch(blocks, UnpackRuns{{}, words, entries, workspace.block_words, indices});
}

}  // namespace simrun::cuda
