#pragma once

#include "kernels/cuda/scatter.hpp"
#include "kernels/cuda/sparse_vote_plan.hpp"

namespace simrun::cuda {

/// Decides a range: block b range b. Reads the entries twice, once from memory, and writes 4 bytes a marked element.
struct DecideRange {
  static constexpr const char* name = "decide_range";
  static constexpr unsigned threads = vote_threads;
  static constexpr unsigned residency = 8;
  static constexpr unsigned most_words = (1U << largest_range_shift) / 32;
  struct Shared {
    std::uint32_t marked[spread(most_words)];     ///< word w at spread(w), here and below
    std::uint16_t in_thread[spread(most_words)];  ///< marked elements in the words of the same thread before
    std::uint32_t before_thread[threads];
    std::uint32_t sums[window_marks];
    std::uint16_t places[window_marks];
    std::uint64_t begin;
    std::uint32_t ties;
  };
  SparseVote job;
  SparseVotePlan plan;
  SparseVoteWorkspace workspace;

  template <class Block>
  SIMRUN_DEVICE void run(Block& block, Shared& shared) const {
    block.each_thread([&](unsigned t) {
      for (unsigned w = t; w < spread(words()); w += threads) shared.marked[w] = 0;
      if (t == 0) {
        shared.begin = 0;
        shared.ties = 0;
      }
    });
    mark(block, shared);
    const std::uint32_t marked = number_marks(block, shared);
    for (std::uint32_t first = 0; first < marked; first += window_marks) {
      const std::uint32_t size = smaller(marked - first, window_marks);
      block.each_thread([&](unsigned t) {
        for (unsigned i = t; i < size; i += threads) shared.sums[i] = 0;
      });
      add_votes(block, shared, first);
      write(block, shared, first, size);
    }
    block.once([&] {
      const std::uint32_t decided = marked - shared.ties;
      workspace.ranges[block.number()] = {shared.begin, marked, decided};
      if (decided > 0) block.add(&workspace.group_counts[block.number() / plan.ranges_a_group], std::uint64_t{decided});
    });
  }

 private:
  SIMRUN_DEVICE unsigned words() const { return 1U << (plan.shift - 5); }
  /// Of each thread.
  SIMRUN_DEVICE unsigned words_each() const { return 1U << (plan.shift - least_range_shift); }
  /// The thread whose words hold that place.
  SIMRUN_DEVICE unsigned thread_of(std::uint32_t place) const { return place / 32 >> (plan.shift - least_range_shift); }

  /// Calls visit(ballot, entry, place in the range) for this thread's share of the entries.
  template <class Block, class Visit>
  SIMRUN_DEVICE void for_each_entry(Block& block, unsigned t, const Visit& visit) const {
    constexpr unsigned in_flight = 4;
    const unsigned lanes = 1U << plan.lanes_shift;
    const std::uint64_t* const begins = workspace.bounds + block.number() * std::uint64_t{job.voters};
    for (std::uint32_t voter = t >> plan.lanes_shift; voter < job.voters; voter += threads >> plan.lanes_shift) {
      const std::uint64_t begin = begins[voter];
      const auto count = static_cast<std::uint32_t>(begins[job.voters + voter] - begin);
      const SparseBallot ballot = job.ballots[voter];
      for (std::uint32_t i = t & (lanes - 1); i < count; i += in_flight * lanes) {
        std::uint32_t read[in_flight] = {};
        SIMRUN_UNROLL
        for (unsigned f = 0; f < in_flight; ++f) {
          if (i + f * lanes < count) read[f] = ballot.indices[begin + i + f * lanes];
        }
        SIMRUN_UNROLL
        for (unsigned f = 0; f < in_flight; ++f) {
          const std::uint32_t place = read[f] & ((1U << plan.shift) - 1);
          if (i + f * lanes < count) visit(ballot, begin + i + f * lanes, place);
        }
      }
    }
  }

  /// Marks the elements that have a vote and adds up how many entries all ballots have in front of the range.
  template <class Block>
  SIMRUN_DEVICE void mark(Block& block, Shared& shared) const {
    block.each_thread([&](unsigned t) {
      for_each_entry(block, t, [&](const SparseBallot&, std::uint64_t, std::uint32_t place) {
        block.take_or(&shared.marked[spread(place / 32)], 1U << (place % 32));
      });
      const std::uint64_t* const begins = workspace.bounds + block.number() * std::uint64_t{job.voters};
      std::uint64_t before = 0;
      for (std::uint32_t voter = t; voter < job.voters; voter += threads) before += begins[voter];
      if (before > 0) block.add(&shared.begin, before);
    });
  }

  /// Numbers the marked elements in order; returns how many there are.
  template <class Block>
  SIMRUN_DEVICE std::uint32_t number_marks(Block& block, Shared& shared) const {
    typename Block::template PerThread<std::uint32_t> before;
    block.each_thread([&](unsigned t) {
      std::uint32_t own = 0;
      for (unsigned w = t * words_each(); w < (t + 1) * words_each(); ++w) {
        shared.in_thread[spread(w)] = static_cast<std::uint16_t>(own);
        own += count_bits(shared.marked[spread(w)]);
      }
      before[t] = own;
    });
    const std::uint32_t marked = block.exclusive_sum(before);
    block.each_thread([&](unsigned t) { shared.before_thread[t] = before[t]; });
    return marked;
  }

  /// Adds the votes for the marked elements numbered from `first` on.
  template <class Block>
  SIMRUN_DEVICE void add_votes(Block& block, Shared& shared, std::uint32_t first) const {
    block.each_thread([&](unsigned t) {
      for_each_entry(block, t, [&](const SparseBallot& ballot, std::uint64_t entry, std::uint32_t place) {
        const unsigned word = place / 32;
        const std::uint32_t in_word = shared.marked[spread(word)] & lanes_below(place % 32);
        const std::uint32_t number = shared.before_thread[thread_of(place)] + shared.in_thread[spread(word)] +
                                     count_bits(in_word) - first;  // wraps in front of the first
        if (number >= window_marks) return;
        block.add(&shared.sums[number], is_negative(ballot.signs, entry) ? ~0U : 1U);
        block.put(&shared.places[number], static_cast<std::uint16_t>(place));
      });
    });
  }

  /// Writes `size` marks that begin with number `first`.
  template <class Block>
  SIMRUN_DEVICE void write(Block& block, Shared& shared, std::uint32_t first, std::uint32_t size) const {
    std::uint32_t* const marks = workspace.scratch + shared.begin + first;
    block.each_warp([&](auto& warp) {
      std::uint32_t ties = 0;
      for (unsigned begin = warp.number() * warp_lanes; begin < size; begin += threads) {
        ties += count_bits(
            warp.ballot([&](unsigned lane) { return begin + lane < size && shared.sums[begin + lane] == 0; }));
        warp.each_lane([&](unsigned lane) {
          const unsigned i = begin + lane;
          if (i >= size) return;
          const std::uint32_t sign = shared.sums[i] & mark_negative;  // of a number in two's complement
          marks[i] = shared.places[i] | sign | (shared.sums[i] != 0 ? mark_decided : 0);
        });
      }
      warp.each_lane([&](unsigned lane) {
        if (lane == 0 && ties > 0) block.add(&shared.ties, ties);
      });
    });
  }
};

}  // namespace simrun::cuda
