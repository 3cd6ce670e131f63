#pragma once

#include "kernels/cuda/decide_range.hpp"

namespace simrun::cuda {

// The sign of the sum of sparse votes for every element whose sum is not zero, in order.
//
// The elements are divided into ranges of equal size, at most 65536 elements, and smaller where votes are dense. A
// block decides a range: in shared memory it marks which elements have a vote, one bit each, numbers those, and counts
// the votes of each number. So what goes with the elements is a bit each of shared memory; all else goes with the
// entries, of which there may be one in a thousand elements. A search of each list for the bounds of all ranges comes
// first. Its results also tell how many votes lie in front of a range: a range writes what it decides from there on
// into a scratch array and needs to know of no other range. Last, this is moved together.
//
// Bytes: 8 1/8 an entry read, half of it from caches as a rule; 4 written and 4 read an element with a vote; 4 1/8
// written an element that is decided; 8 M written and 16 M read, twice, a range for the bounds.

/// Finds where each range begins in each ballot, and clears what the next kernels add to. A search reads a sector of 32
/// bytes a step, most of them from caches.
struct FindRanges {
  static constexpr const char* name = "find_ranges";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 8;
  struct Shared {};
  SparseVote job;
  SparseVotePlan plan;
  SparseVoteWorkspace workspace;
  std::uint32_t* signs;

  SIMRUN_ANYWHERE static std::uint64_t blocks_a_voter(const SparseVotePlan& plan) {
    return divide_up<std::uint64_t>(plan.ranges + 1, threads);
  }

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared&) const {
    const std::uint64_t voter = block.number() / blocks_a_voter(plan);
    const std::uint64_t first_range = block.number() % blocks_a_voter(plan) * threads;
    const std::uint64_t sign_words = words_of(plan.decided_at_most(job.elements));
    block.each_thread([&](unsigned t) {
      const std::uint64_t range = first_range + t;
      if (voter < job.voters && range <= plan.ranges) {
        workspace.bounds[range * job.voters + voter] = entries_below(job.ballots[voter], range << plan.shift);
      }
      for (std::uint64_t w = block.global(t); w < sign_words; w += block.grid_threads()) signs[w] = 0;
      for (std::uint64_t g = block.global(t); g < plan.groups; g += block.grid_threads()) workspace.group_counts[g] = 0;
    });
  }

 private:
  SIMRUN_DEVICE static std::uint64_t entries_below(const SparseBallot& ballot, std::uint64_t index) {
    std::uint64_t low = 0;
    std::uint64_t high = ballot.entries;
    while (low < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      if (ballot.indices[middle] < index) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
};

/// Moves what was decided together: block b group b of ranges. Reads 4 bytes a marked element and writes 4 1/8 an
/// element that is decided.
struct MoveDecided {
  static constexpr const char* name = "move_decided";
  static constexpr unsigned threads = 256;
  static constexpr unsigned residency = 6;
  struct Shared {
    std::uint64_t places[threads];
  };
  SparseVotePlan plan;
  SparseVoteWorkspace workspace;
  Decisions result;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    const std::uint64_t end = smaller((block.number() + 1) * plan.ranges_a_group, plan.ranges);
    std::uint64_t before = sum_before(block, workspace.group_counts);
    typename Block::template PerThread<std::uint64_t> own;
    for (std::uint64_t first = block.number() * plan.ranges_a_group; first < end; first += threads) {
      block.each_thread([&](unsigned t) { own[t] = first + t < end ? workspace.ranges[first + t].decided : 0; });
      const std::uint64_t total = block.exclusive_sum(own);
      block.each_thread([&](unsigned t) { shared.places[t] = before + own[t]; });
      block.each_warp([&](auto& warp) {
        for (unsigned i = warp.number(); i < threads && first + i < end; i += threads / warp_lanes) {
          move(block, warp, first + i, shared.places[i]);
        }
      });
      before += total;
    }
    block.once([&] {
      if (block.number() + 1 == block.count()) *result.count = before;
    });
  }

 private:
  /// Sign bits that wait for a word to be full.
  struct Pending {
    std::uint64_t bits;
    unsigned filled;
  };

  /// Moves the elements of a range to `place` and behind.
  template <class Block, class Warp>
  SIMRUN_DEVICE void move(Block& block, Warp& warp, std::uint64_t number, std::uint64_t place) const {
    const DecidedRange range = workspace.ranges[number];
    const auto first_index = static_cast<std::uint32_t>(number << plan.shift);
    Pending pending{0, static_cast<unsigned>(place % 32)};
    for (std::uint32_t begin = 0; begin < range.marked; begin += warp_lanes) {
      typename Warp::template PerLane<std::uint32_t> mark;
      warp.each_lane([&](unsigned lane) {
        mark[lane] = begin + lane < range.marked ? workspace.scratch[range.begin + begin + lane] : 0;
      });
      const std::uint32_t decided = warp.ballot([&](unsigned lane) { return (mark[lane] & mark_decided) != 0; });
      typename Warp::template PerLane<std::uint32_t> sign;
      warp.each_lane([&](unsigned lane) {
        const unsigned at = count_bits(decided & lanes_below(lane));
        const bool moved = (decided >> lane & 1U) != 0;
        sign[lane] = moved ? mark[lane] >> 31 << at : 0;
        if (moved) result.indices[place + at] = first_index + (mark[lane] & mark_place);
      });
      pending.bits |= std::uint64_t{warp.sum(sign)} << pending.filled;  // no two lanes have the same bit
      pending.filled += count_bits(decided);
      if (pending.filled >= warp_lanes) {
        flush(block, warp, pending.bits, place / 32);
        pending = {pending.bits >> 32, pending.filled - 32};
      }
      place += count_bits(decided);
    }
    flush(block, warp, pending.bits, place / 32);
  }

  /// Ranges share words where one ends and the next begins.
  template <class Block, class Warp>
  SIMRUN_DEVICE void flush(Block& block, Warp& warp, std::uint64_t bits, std::uint64_t word) const {
    warp.each_lane([&](unsigned lane) {
      const auto low = static_cast<std::uint32_t>(bits);
      if (lane == 0 && low != 0) block.take_or(result.signs + word, low);
    });
  }
};

/// Launches a vote: three kernels.
template <class Machine>
void launch_sparse_vote(Machine& machine, const SparseVote& job, const SparseVoteWorkspace& workspace,
                        const Decisions& result) {
  const SparseVotePlan plan = plan_sparse_vote(job);
  const std::uint64_t searching = larger<std::uint64_t>(job.voters, 1) * FindRanges::blocks_a_voter(plan);
  machine.launch(static_cast<unsigned>(searching), FindRanges{job, plan, workspace, result.signs});
  machine.launch(static_cast<unsigned>(plan.ranges), DecideRange{job, plan, workspace});
  machine.launch(plan.groups, MoveDecided{plan, workspace, result});
}

}  // namespace simrun::cuda
