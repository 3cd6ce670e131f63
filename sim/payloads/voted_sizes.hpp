#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/payloads/payload_table.hpp"
#include "sim/payloads/selector.hpp"

namespace simrun {

/// Sparse signs that are voted on all at once, in one place. Their sizes are all that a simulation needs, and follow
/// from how many elements are decided.
struct Voting {
  std::shared_ptr<const Codec> codec;
  std::vector<std::uint64_t> entries;      ///< K by group
  std::set<std::size_t> workers;           ///< how many vote
  std::shared_ptr<PayloadTable> payloads;  ///< receives what every worker sends, and what a vote gives: sizes alone
};

/// True if `codec` makes sparse signs whose sizes follow from numbers of elements and entries.
bool is_counted(const Codec& codec);

/// Sets the payloads of all votings, at most NestedVotes::most_votings. Each worker's gradient is looked at once, for
/// all of them.
void count_votes(const GradientSource& source, std::deque<Voting>& votings, unsigned threads, PayloadCache& cache,
                 const OnElements& step);

/// Bytes that counting so many votings takes beside finding the selections; `entries`: their largest K, by group.
double bytes_to_count(const GradientSource& source, const std::vector<std::uint64_t>& entries, std::size_t votings);

}  // namespace simrun
