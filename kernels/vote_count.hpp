#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "kernels/primitives.hpp"

namespace simrun {

/// What one worker casts in several votings of sparse signs, of which each is on fewer of its largest elements than the
/// one before: an element that takes part in the i-th takes part in those before as well.
struct NestedVotes {
  std::vector<std::uint32_t> indices;  ///< ascending; only elements that take part in some
  std::vector<std::uint8_t> marks;     ///< 2 * number of votings that the element takes part in, + 1 where negative

  static constexpr std::size_t most_votings = 32;
};

/// The votes of a worker whose largest elements are these, ascending by index. `entries`: K by voting, descending, at
/// least 1 and none more than there are elements. Of equal magnitudes those of the lowest indices are among the K. A
/// zero is no vote.
NestedVotes nest_votes(PairsView largest, std::span<const std::uint64_t> entries);

/// Counts votes without making payloads of them: how many elements are decided, as Primitives::vote_sparse decides.
class VoteCount {
 public:
  /// On `elements` elements, in so many votings at once (at most NestedVotes::most_votings), by at most `workers`
  /// workers. `whole`: all of them are added at once, so that nothing is kept between calls.
  VoteCount(std::uint64_t elements, std::size_t votings, std::uint64_t workers, bool whole);

  /// Adds the votes of further workers, in order. For each of `closings`, ascending: the number of elements on which
  /// votes for and against differ in number, by voting, once so many of these workers have voted.
  std::vector<std::vector<std::uint64_t>> add(std::span<const NestedVotes> workers,
                                              std::span<const std::size_t> closings, unsigned threads);

  /// Bytes that are kept between calls, unless all workers are added at once.
  static double bytes(std::uint64_t elements, std::size_t votings, std::uint64_t workers) {
    return static_cast<double>(elements) * static_cast<double>(lanes(votings)) * (is_short(workers) ? 2 : 4);
  }

 private:
  /// For less against, by element and voting; empty where nothing is kept.
  template <class Count>
  using Counts = std::vector<Count>;
  using Changes = std::vector<std::vector<std::int64_t>>;  ///< of the numbers that are decided, by closing and voting

  /// Counters of an element: one a voting, and some more.
  static std::size_t lanes(std::size_t votings) {
    return votings == 1 ? 1 : std::max<std::size_t>(4, std::bit_ceil(votings));
  }
  static bool is_short(std::uint64_t workers) { return workers <= std::numeric_limits<std::int16_t>::max(); }

  template <class Count>
  void add_tiles(std::size_t begin, std::size_t end, Counts<Count>& counts, std::span<const NestedVotes> workers,
                 std::span<const std::size_t> closings, Changes& changes) const;
  template <int lanes, class Count>
  void add_tile(std::size_t begin, std::size_t end, Count* counts, std::span<const NestedVotes> workers,
                std::span<const std::size_t> closings, Changes& changes) const;
  std::size_t tile_size() const;

  std::uint64_t elements_;
  std::size_t votings_;
  std::variant<Counts<std::int16_t>, Counts<std::int32_t>> counts_;
  std::vector<std::int64_t> decided_;  ///< by voting
};

}  // namespace simrun
