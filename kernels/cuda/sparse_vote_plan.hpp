#pragma once

#include "kernels/cuda/packed_words.hpp"
#include "kernels/cuda/sharing.hpp"
#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

// A vote of sparse signs: what it is given, how it is divided, and what its kernels tell each other.

/// The votes of one voter.
struct SparseBallot {
  const std::uint32_t* indices;  ///< ascending
  const std::uint8_t* signs;     ///< ceil(entries/8) bytes, entry j in bit j%8 of byte j/8; 1 = negative
  std::uint64_t entries;
};

struct SparseVote {
  const SparseBallot* ballots;  ///< one a voter, in device memory
  std::uint32_t voters;         ///< at most 65536
  std::uint64_t entries;        ///< of all ballots together
  std::uint64_t elements;       ///< 0 < elements <= 2^32; all indices are below
};

/// What is decided. There may be as many as votes or elements, whichever are fewer.
struct Decisions {
  std::uint32_t* indices;
  std::uint32_t* signs;  ///< one bit each, 1 = negative; all words are written, those behind the last with 0
  std::uint64_t* count;
};

/// How the elements are divided; a function of the sizes alone.
struct SparseVotePlan {
  unsigned shift;  ///< a range has 2^shift elements
  std::uint64_t ranges;
  std::uint64_t ranges_a_group;  ///< a block moves a group of ranges together
  unsigned groups;
  unsigned lanes_shift;   ///< 2^lanes_shift threads read the entries of a voter in a range
  std::uint64_t scratch;  ///< marks that there are at most

  SIMRUN_ANYWHERE std::uint64_t decided_at_most(std::uint64_t elements) const { return smaller(scratch, elements); }
};

inline constexpr unsigned vote_threads = 128;
inline constexpr unsigned largest_range_shift = 16;
inline constexpr unsigned least_range_shift = 12;  // a word a thread
static_assert(vote_threads * 32 == 1U << least_range_shift);
inline constexpr unsigned window_marks = 2048;  ///< marked elements whose votes a block counts at a time

inline SparseVotePlan plan_sparse_vote(const SparseVote& job) {
  constexpr std::uint64_t entries_a_range = window_marks / 2;
  SparseVotePlan plan{};
  plan.scratch = job.entries;
  plan.shift = largest_range_shift;
  const auto ranges = [&] { return divide_up(job.elements, std::uint64_t{1} << plan.shift); };
  while (plan.shift > least_range_shift && plan.scratch / ranges() > entries_a_range) --plan.shift;
  plan.ranges = ranges();
  plan.ranges_a_group = divide_up<std::uint64_t>(plan.ranges, counting_blocks);
  plan.groups = static_cast<unsigned>(divide_up(plan.ranges, plan.ranges_a_group));
  const std::uint64_t run = job.entries / (larger<std::uint64_t>(job.voters, 1) * plan.ranges);
  const auto lanes = [&] { return 1U << plan.lanes_shift; };
  while (lanes() < warp_lanes && lanes() * 2 <= run) ++plan.lanes_shift;
  while (lanes() < vote_threads && lanes() * job.voters < vote_threads) ++plan.lanes_shift;
  return plan;
}

/// What was decided in a range.
struct DecidedRange {
  std::uint64_t begin;    ///< in the scratch array
  std::uint32_t marked;   ///< elements with a vote
  std::uint32_t decided;  ///< those of them whose sum is not zero
};

struct SparseVoteWorkspace {
  std::uint64_t* bounds;   ///< [range * voters + voter]: entries below the range; one range more than there are
  std::uint32_t* scratch;  ///< a mark an element with a vote
  DecidedRange* ranges;
  std::uint64_t* group_counts;  ///< elements decided, group by group

  static SparseVoteWorkspace carve(Carver& carver, const SparseVote& job) {
    const SparseVotePlan plan = plan_sparse_vote(job);
    SparseVoteWorkspace workspace{};
    workspace.bounds = carver.take<std::uint64_t>((plan.ranges + 1) * job.voters);
    workspace.scratch = carver.take<std::uint32_t>(plan.scratch);
    workspace.ranges = carver.take<DecidedRange>(plan.ranges);
    workspace.group_counts = carver.take<std::uint64_t>(plan.groups);
    return workspace;
  }
};

// A mark in the scratch array: where in its range an element lies, and what was decided.
inline constexpr std::uint32_t mark_place = 0xFFFFU;
inline constexpr std::uint32_t mark_decided = 1U << 30;
inline constexpr std::uint32_t mark_negative = 1U << 31;

}  // namespace simrun::cuda
