#pragma once

#include "kernels/cuda/block.hpp"
#include "kernels/cuda/sharing.hpp"

namespace simrun::cuda {

// Majority vote over planes of bits. Each thread counts 128 positions at once: bit i of word w of level l is bit l of
// the count of position i of word w. Counts start at 2^n - 1 - floor(M/2), where 2^n > M/2, so that the first vote
// above half of M carries out of the last of n levels. Counts stay below 2^(n+1), so that this happens once at most:
// the carries, gathered, are the result.

/// A vote over planes of equal size.
struct Vote {
  const std::uint32_t* const* planes;  ///< one a voter, in device memory; each at a multiple of 16 bytes
  std::uint32_t voters;                ///< 1 to 65536
  std::uint64_t words;                 ///< of a plane
  std::uint32_t* result;               ///< as many words; at a multiple of 16 bytes
};

/// Adds three bits: `low` becomes the bit of weight 1 of the sum, and the bit of weight 2 is returned.
SIMRUN_DEVICE inline std::uint32_t full_add(std::uint32_t& low, std::uint32_t b, std::uint32_t c) {
  const std::uint32_t carry = (low & b) | (low & c) | (b & c);
  low ^= b ^ c;
  return carry;
}

/// Bit i of the result is set where more than half of the planes have it set. Reads M/8 and writes 1/8 bytes an
/// element. For fewer than 2^(levels + 1) voters.
template <unsigned levels>
struct CountVotes {
  static constexpr const char* name = "count_votes";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = levels <= 5 ? 3 : 2;
  static constexpr unsigned planes_a_turn = 8;
  struct Shared {};
  Vote job;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    block.each_thread([&](unsigned t) {
      for (std::uint64_t quad = block.global(t); quad * 4 < job.words; quad += block.grid_threads()) {
        store(count(block, quad * 4), quad * 4);
      }
    });
  }

 private:
  /// The outcome of four words from `first` on.
  template <class Block>
  SIMRUN_DEVICE WordQuad count(Block& block, std::uint64_t first) const {
    WordQuad counts[levels];
    const std::uint32_t start = (1U << levels) - 1 - job.voters / 2;
    SIMRUN_UNROLL
    for (unsigned level = 0; level < levels; ++level) {
      SIMRUN_UNROLL
      for (unsigned w = 0; w < 4; ++w) counts[level].words[w] = (start >> level & 1U) != 0 ? ~0U : 0U;
    }
    WordQuad elected{};
    for (std::uint32_t voter = 0; voter < job.voters; voter += planes_a_turn) {
      WordQuad planes[planes_a_turn];
      SIMRUN_UNROLL
      for (unsigned p = 0; p < planes_a_turn; ++p) {
        planes[p] = voter + p < job.voters ? load(block, job.planes[voter + p], first) : WordQuad{};
      }
      SIMRUN_UNROLL
      for (unsigned w = 0; w < 4; ++w) elected.words[w] |= add_planes(counts, planes, w);
    }
    return elected;
  }

  /// Adds word `w` of the planes; returns what the counts carry out.
  SIMRUN_DEVICE static std::uint32_t add_planes(WordQuad (&counts)[levels], const WordQuad (&planes)[planes_a_turn],
                                                unsigned w) {
    std::uint32_t& ones = counts[0].words[w];
    std::uint32_t& twos = counts[1].words[w];
    const std::uint32_t two_a = full_add(ones, planes[0].words[w], planes[1].words[w]);
    const std::uint32_t two_b = full_add(ones, planes[2].words[w], planes[3].words[w]);
    const std::uint32_t four_a = full_add(twos, two_a, two_b);
    const std::uint32_t two_c = full_add(ones, planes[4].words[w], planes[5].words[w]);
    const std::uint32_t two_d = full_add(ones, planes[6].words[w], planes[7].words[w]);
    const std::uint32_t four_b = full_add(twos, two_c, two_d);
    std::uint32_t carry = full_add(counts[2].words[w], four_a, four_b);
    SIMRUN_UNROLL
    for (unsigned level = 3; level < levels; ++level) {
      const std::uint32_t next = counts[level].words[w] & carry;
      counts[level].words[w] ^= carry;
      carry = next;
    }
    return carry;
  }

  template <class Block>
  SIMRUN_DEVICE WordQuad load(Block& block, const std::uint32_t* plane, std::uint64_t first) const {
    if (first + 4 <= job.words) return block.read_once(reinterpret_cast<const WordQuad*>(plane + first));
    WordQuad quad{};
    SIMRUN_UNROLL
    for (unsigned w = 0; w < 4; ++w) {
      if (first + w < job.words) quad.words[w] = plane[first + w];
    }
    return quad;
  }

  SIMRUN_DEVICE void store(const WordQuad& quad, std::uint64_t first) const {
    if (first + 4 <= job.words) {
      *reinterpret_cast<WordQuad*>(job.result + first) = quad;
      return;
    }
    SIMRUN_UNROLL
    for (unsigned w = 0; w < 4; ++w) {
      if (first + w < job.words) job.result[first + w] = quad.words[w];
    }
  }
};

template <unsigned levels, class Machine>
void launch_count_votes(Machine& machine, const Vote& job) {
  using Kernel = CountVotes<levels>;
  machine.launch(blocks_for<Kernel>(machine, divide_up<std::uint64_t>(job.words, 4), Kernel::threads), Kernel{job});
}

template <class Machine>
void launch_vote(Machine& machine, const Vote& job) {
  if (job.voters < 1U << 4) return launch_count_votes<3>(machine, job);
  if (job.voters < 1U << 6) return launch_count_votes<5>(machine, job);
  if (job.voters < 1U << 8) return launch_count_votes<7>(machine, job);
  if (job.voters < 1U << 12) return launch_count_votes<11>(machine, job);
  return launch_count_votes<16>(machine, job);
}

}  // namespace simrun::cuda
