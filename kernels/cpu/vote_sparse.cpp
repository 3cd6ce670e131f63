#include <bit>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// Elements whose votes are counted at once: memory does not grow with the number of elements.
constexpr std::size_t tile_size = 65536;

struct Decision {
  std::uint32_t index;
  bool negative;
};

/// Counts the votes of one tile after another, in ascending order.
class Tally {
 public:
  Tally(std::span<const SparseSignsView> votes, std::size_t begin) : votes_(votes), counts_(tile_size) {
    for (const SparseSignsView& vote : votes) {
      const auto first = std::lower_bound(vote.indices.begin(), vote.indices.end(), begin);
      cursors_.push_back(static_cast<std::size_t>(first - vote.indices.begin()));
    }
  }

  /// Appends what is decided in [begin, end), at most a tile.
  void count(std::size_t begin, std::size_t end, std::vector<Decision>& decisions) {
    for (std::size_t v = 0; v < votes_.size(); ++v) add(votes_[v], cursors_[v], begin, end);
    for (std::size_t word = 0; word < touched_.size(); ++word) {
      for (std::uint64_t bits = touched_[word]; bits != 0; bits &= bits - 1) {
        const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        const int sum = counts_[at];
        counts_[at] = 0;
        if (sum != 0) decisions.push_back({static_cast<std::uint32_t>(begin + at), sum < 0});
      }
      touched_[word] = 0;
    }
  }

 private:
  void add(const SparseSignsView& vote, std::size_t& cursor, std::size_t begin, std::size_t end) {
    for (; cursor < vote.indices.size() && vote.indices[cursor] < end; ++cursor) {
      const std::size_t at = vote.indices[cursor] - begin;
      counts_[at] += sign_bit(vote.signs, cursor) ? -1 : 1;
      touched_[at / 64] |= std::uint64_t{1} << (at % 64);
    }
  }

  std::span<const SparseSignsView> votes_;
  std::vector<std::size_t> cursors_;
  std::vector<int> counts_;
  std::vector<std::uint64_t> touched_ = std::vector<std::uint64_t>(tile_size / 64);
};

}  // namespace

SparseSigns cpu_vote_sparse(std::span<const SparseSignsView> votes, std::size_t elements, unsigned threads) {
  std::size_t entries = 0;
  for (const SparseSignsView& vote : votes) entries += vote.indices.size();
  threads = useful_threads(entries, threads);
  std::vector<std::vector<Decision>> found(threads);
  parallel_ranges(elements, threads, tile_size, [&](std::size_t part, std::size_t begin, std::size_t end) {
    Tally tally(votes, begin);
    for (; begin < end; begin += tile_size) tally.count(begin, std::min(begin + tile_size, end), found[part]);
  });
  std::size_t total = 0;
  for (const auto& part : found) total += part.size();
  SparseSigns result;
  result.indices.reserve(total);
  result.signs.resize((total + 7) / 8);
  for (const auto& part : found) {
    for (const Decision decision : part) {
      if (decision.negative) set_sign_bit(result.signs, result.indices.size());
      result.indices.push_back(decision.index);
    }
  }
  return result;
}

}  // namespace simrun
