#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// Elements whose votes are counted at once: their counts stay in a near cache.
constexpr std::size_t tile_size = 16384;

using Votes = std::span<const SparseSignsView>;

std::size_t first_entry_from(const SparseSignsView& vote, std::size_t element) {
  const auto first = std::lower_bound(vote.indices.begin(), vote.indices.end(), element);
  return static_cast<std::size_t>(first - vote.indices.begin());
}

/// Counts the votes on elements [begin, end), one tile after another. Too large for the stacks of simulated ranks.
class Tally {
 public:
  Tally(Votes votes, std::size_t begin, std::size_t end) : votes_(votes), begin_(begin), end_(end) {
    for (const SparseSignsView& vote : votes) {
      cursors_.push_back(first_entry_from(vote, begin));
      most_ += first_entry_from(vote, end) - cursors_.back();
    }
    notes_touched_ = most_ < end - begin;
  }

  SparseSigns decide() {
    most_ = std::min(most_, end_ - begin_);
    // One more: what is not decided is written, too, and then overwritten.
    SparseSigns decided{std::vector<std::uint32_t>(most_ + 1), std::vector<std::byte>(most_ / 8 + 1)};
    std::size_t count = 0;
    for (std::size_t tile = begin_; tile < end_; tile += tile_size) {
      const std::size_t tile_end = std::min(tile + tile_size, end_);
      for (std::size_t v = 0; v < votes_.size(); ++v) {
        if (notes_touched_) {
          add<true>(votes_[v], cursors_[v], tile, tile_end);
        } else {
          add<false>(votes_[v], cursors_[v], tile, tile_end);
        }
      }
      if (!notes_touched_) touch_all(tile_end - tile);
      count = decide_tile(tile, decided, count);
    }
    decided.indices.resize(count);
    decided.signs.resize((count + 7) / 8);
    return decided;
  }

 private:
  template <bool note_touched>
  void add(const SparseSignsView& vote, std::size_t& cursor, std::size_t tile, std::size_t tile_end) {
    std::size_t j = cursor;
    for (; j < vote.indices.size() && vote.indices[j] < tile_end; ++j) {
      const std::size_t at = vote.indices[j] - tile;
      counts_[at] += 1 - 2 * static_cast<int>(sign_bit(vote.signs, j));
      if constexpr (note_touched) {
        touched_[at / 64] |= std::uint64_t{1} << (at % 64);
        touched_words_[at / 4096] |= std::uint64_t{1} << (at / 64 % 64);
      }
    }
    cursor = j;
  }

  void touch_all(std::size_t elements) {
    for (std::size_t at = 0; at < elements; at += 64) {
      const std::size_t left = elements - at;
      touched_[at / 64] = left < 64 ? (std::uint64_t{1} << left) - 1 : ~std::uint64_t{0};
      touched_words_[at / 4096] |= std::uint64_t{1} << (at / 64 % 64);
    }
  }

  /// Writes what the tile decides behind `count` entries, and clears its counts; the new number of entries.
  std::size_t decide_tile(std::size_t tile, SparseSigns& decided, std::size_t count) {
    for (std::size_t group = 0; group < touched_words_.size(); ++group) {
      for_each_bit(touched_words_[group], [&](std::size_t in_group) {
        const std::size_t word = group * 64 + in_group;
        for_each_bit(touched_[word], [&](std::size_t in_word) {
          const std::size_t at = word * 64 + in_word;
          decided.indices[count] = static_cast<std::uint32_t>(tile + at);
          set_sign_bit(decided.signs, count, counts_[at] < 0);
          count += static_cast<std::size_t>(counts_[at] != 0);
          counts_[at] = 0;
        });
      });
    }
    return count;
  }

  /// Calls visit(i) for every bit i that is set, ascending, and clears them.
  template <class Visit>
  static void for_each_bit(std::uint64_t& bits, const Visit& visit) {
    for (std::uint64_t left = std::exchange(bits, 0); left != 0; left &= left - 1) {
      visit(static_cast<std::size_t>(std::countr_zero(left)));
    }
  }

  Votes votes_;
  std::size_t begin_;
  std::size_t end_;
  std::size_t most_ = 0;  ///< entries that may be decided
  bool notes_touched_;    ///< which elements have votes; where votes are many, that costs more than to look at all
  std::vector<std::size_t> cursors_;
  std::array<int, tile_size> counts_{};
  std::array<std::uint64_t, tile_size / 64> touched_{};          ///< bit i%64 of word i/64: element i has votes
  std::array<std::uint64_t, tile_size / 4096> touched_words_{};  ///< the same of the words of touched_
};

/// Where each of `parts` parts of [0, elements) begins, and the end: whole tiles with like numbers of entries.
std::vector<std::size_t> cut_elements(Votes votes, std::size_t elements, std::size_t parts) {
  const auto longest = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.indices.size(); });
  std::vector<std::size_t> bounds{0};
  for (std::size_t p = 1; p < parts; ++p) {
    bounds.push_back(longest->indices[longest->indices.size() * p / parts] / tile_size * tile_size);
  }
  bounds.push_back(elements);
  return bounds;
}

SparseSigns join(std::vector<SparseSigns> parts, unsigned threads) {
  if (parts.size() == 1) return std::move(parts.front());
  std::vector<std::size_t> start{0};
  for (const SparseSigns& part : parts) start.push_back(start.back() + part.indices.size());
  SparseSigns all{std::vector<std::uint32_t>(start.back()), {}};
  parallel_for(parts.size(), threads, [&](std::size_t p) {
    std::copy(parts[p].indices.begin(), parts[p].indices.end(),
              all.indices.begin() + static_cast<std::ptrdiff_t>(start[p]));
  });
  for (std::size_t p = 0; p < parts.size(); ++p) {
    append_signs(all.signs, start[p], parts[p].signs, 0, parts[p].indices.size());
  }
  return all;
}

}  // namespace

SparseSigns cpu_vote_sparse(Votes votes, std::size_t elements, unsigned threads) {
  std::size_t entries = 0;
  for (const SparseSignsView& vote : votes) entries += vote.indices.size();
  if (entries == 0) return {};
  threads = useful_threads(entries, threads);
  const std::vector<std::size_t> bounds = cut_elements(votes, elements, threads);
  std::vector<SparseSigns> parts(threads);
  parallel_for(threads, threads,
               [&](std::size_t p) { parts[p] = std::make_unique<Tally>(votes, bounds[p], bounds[p + 1])->decide(); });
  return join(std::move(parts), threads);
}

}  // namespace simrun
