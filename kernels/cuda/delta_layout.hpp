#pragma once

#include "kernels/cuda/packed_words.hpp"

namespace simrun::cuda {

// The layout of the index coding `delta`; see kernels/index_codings/delta.cpp.

inline constexpr std::uint64_t run_entries = 128;

/// Where the parts of coded indices are. The words begin at a multiple of 4 bytes.
struct DeltaParts {
  std::uint64_t runs;
  std::uint64_t width_words;  ///< of widths, the padding included

  SIMRUN_ANYWHERE static DeltaParts of(std::uint64_t entries) {
    const std::uint64_t runs = divide_up(entries, run_entries);
    return {runs, divide_up<std::uint64_t>(runs, 4)};
  }

  /// Words in front of the gaps.
  SIMRUN_ANYWHERE std::uint64_t head() const { return runs + width_words; }

  /// One byte a run.
  SIMRUN_DEVICE const std::uint8_t* widths(const std::uint32_t* words) const {
    return reinterpret_cast<const std::uint8_t*>(words + runs);
  }
  SIMRUN_DEVICE std::uint8_t* widths(std::uint32_t* words) const {
    return reinterpret_cast<std::uint8_t*>(words + runs);
  }
};

/// Most words of coded indices, whichever they are.
inline std::uint64_t most_delta_words(std::uint64_t entries) {
  return DeltaParts::of(entries).head() + entries;
}

/// Entries of run number `run`.
SIMRUN_DEVICE inline unsigned entries_of_run(std::uint64_t entries, std::uint64_t run) {
  return static_cast<unsigned>(smaller(entries - run * run_entries, run_entries));
}

/// Words that the gaps of a run take.
SIMRUN_DEVICE inline std::uint32_t words_of_run(std::uint64_t entries, std::uint64_t run, std::uint8_t width) {
  return (entries_of_run(entries, run) * width + 31) / 32;
}

/// The stored values of four neighbours: the gap to the index before less one; 0 for the first index of a run and
/// beyond the last of all. Quad number `quad` of the indices, which lie at a multiple of 16 bytes.
SIMRUN_DEVICE inline WordQuad load_gaps(const std::uint32_t* indices, std::uint64_t quad, std::uint64_t entries) {
  const std::uint64_t first = quad * 4;
  WordQuad gaps{};
  if (first >= entries) return gaps;
  const bool opens_run = first % run_entries == 0;
  std::uint32_t before = opens_run ? indices[first] - 1 : indices[first - 1];
  if (first + 4 <= entries) {
    const WordQuad own = *reinterpret_cast<const WordQuad*>(indices + first);
    SIMRUN_UNROLL
    for (unsigned c = 0; c < 4; ++c) {
      gaps.words[c] = own.words[c] - before - 1;
      before = own.words[c];
    }
    return gaps;
  }
  SIMRUN_UNROLL
  for (unsigned c = 0; c < 4; ++c) {
    if (first + c >= entries) continue;
    gaps.words[c] = indices[first + c] - before - 1;
    before = indices[first + c];
  }
  return gaps;
}

}  // namespace simrun::cuda
