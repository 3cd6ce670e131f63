#include "kernels/vote_count.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>
#include <mutex>
#include <type_traits>

#include "kernels/finite.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

/// Where a voting's K largest end.
struct Cutoff {
  std::uint32_t key = 0;    ///< of the least of them
  std::uint64_t equal = 0;  ///< how many of that key are among them
};

/// The keys of all values, sorted into so many buckets of equal width that few lie in one.
class Buckets {
 public:
  static constexpr int bits = 14;

  explicit Buckets(std::span<const float> values) : values_(values) {
    std::uint32_t most = 0;
    least_ = std::numeric_limits<std::uint32_t>::max();
    for (const float value : values) {
      least_ = std::min(least_, magnitude_key(value));
      most = std::max(most, magnitude_key(value));
    }
    shift_ = std::max(0, static_cast<int>(std::bit_width(most - least_)) - bits);
    sizes_.resize(of(most) + 1);
    for (const float value : values) ++sizes_[of(magnitude_key(value))];
  }

  std::size_t count() const { return sizes_.size(); }
  std::size_t of(std::uint32_t key) const { return (key - least_) >> shift_; }

  /// `entries`: K by voting, descending.
  std::vector<Cutoff> cutoffs(std::span<const std::uint64_t> entries) const {
    std::vector<std::size_t> bucket_of(entries.size());  // in which the K-th largest lies
    std::vector<std::uint64_t> above(entries.size());    // elements in the buckets above that
    std::uint64_t seen = 0;
    std::size_t bucket = sizes_.size();
    for (std::size_t v = entries.size(); v-- > 0;) {
      while (seen < entries[v]) seen += sizes_[--bucket];
      bucket_of[v] = bucket;
      above[v] = seen - sizes_[bucket];
    }
    std::vector<std::vector<std::uint32_t>> keys = keys_in(bucket_of);
    std::vector<Cutoff> cutoffs;
    for (std::size_t v = 0; v < entries.size(); ++v) {
      std::vector<std::uint32_t>& in_bucket = keys[bucket_of[v]];
      const auto last = in_bucket.begin() + static_cast<std::ptrdiff_t>(entries[v] - above[v] - 1);
      std::nth_element(in_bucket.begin(), last, in_bucket.end(), std::greater());
      cutoffs.push_back({*last, static_cast<std::uint64_t>(std::count(in_bucket.begin(), last + 1, *last))});
    }
    return cutoffs;
  }

 private:
  /// By bucket; only of the buckets that are asked for.
  std::vector<std::vector<std::uint32_t>> keys_in(const std::vector<std::size_t>& buckets) const {
    std::vector<char> is_wanted(sizes_.size());
    for (const std::size_t bucket : buckets) is_wanted[bucket] = 1;
    std::vector<std::vector<std::uint32_t>> keys(sizes_.size());
    for (const float value : values_) {
      const std::uint32_t key = magnitude_key(value);
      if (is_wanted[of(key)] != 0) keys[of(key)].push_back(key);
    }
    return keys;
  }

  std::span<const float> values_;
  std::uint32_t least_ = 0;
  int shift_ = 0;
  std::vector<std::uint32_t> sizes_;
};

}  // namespace

NestedVotes nest_votes(PairsView largest, std::span<const std::uint64_t> entries) {
  NestedVotes votes{std::vector<std::uint32_t>(largest.indices.size()),
                    std::vector<std::uint8_t>(largest.indices.size())};
  if (largest.values.empty()) return votes;
  const Buckets buckets(largest.values);
  std::vector<Cutoff> cutoffs = buckets.cutoffs(entries);
  // Votings whose cutoff lies in a lower bucket; those of the same bucket are looked at one by one.
  std::vector<std::uint8_t> surely(buckets.count());
  std::vector<std::uint8_t> perhaps(buckets.count());
  for (const Cutoff& cutoff : cutoffs) {
    const std::size_t bucket = buckets.of(cutoff.key);
    ++perhaps[bucket];
    for (std::size_t b = bucket + 1; b < surely.size(); ++b) ++surely[b];
  }
  std::size_t kept = 0;
  for (std::size_t j = 0; j < largest.indices.size(); ++j) {
    const float value = largest.values[j];
    const std::uint32_t key = magnitude_key(value);
    if (key == 0) continue;
    const std::size_t bucket = buckets.of(key);
    std::size_t votings = surely[bucket];
    for (std::size_t more = perhaps[bucket]; more > 0; --more) {
      Cutoff& cutoff = cutoffs[votings];
      if (key < cutoff.key || (key == cutoff.key && cutoff.equal == 0)) break;
      if (key == cutoff.key) --cutoff.equal;
      ++votings;
    }
    if (votings == 0) continue;
    votes.indices[kept] = largest.indices[j];
    votes.marks[kept++] = static_cast<std::uint8_t>(2 * votings + (value < 0 ? 1 : 0));
  }
  votes.indices.resize(kept);
  votes.marks.resize(kept);
  votes.indices.shrink_to_fit();
  votes.marks.shrink_to_fit();
  return votes;
}

VoteCount::VoteCount(std::uint64_t elements, std::size_t votings, std::uint64_t workers, bool whole)
    : elements_(elements), votings_(votings), decided_(votings) {
  const std::size_t kept = whole ? 0 : elements * lanes(votings);
  if (is_short(workers))
    counts_ = Counts<std::int16_t>(kept);
  else
    counts_ = Counts<std::int32_t>(kept);
}

/// So that a tile's counters stay in a near cache, and a worker changes no more numbers than a short one counts.
std::size_t VoteCount::tile_size() const {
  constexpr std::size_t counters = 1 << 16;
  return counters / std::max<std::size_t>(4, lanes(votings_));
}

std::vector<std::vector<std::uint64_t>> VoteCount::add(std::span<const NestedVotes> workers,
                                                       std::span<const std::size_t> closings, unsigned threads) {
  // One more closing, for those that come after the last.
  std::vector<std::size_t> all(closings.begin(), closings.end());
  all.push_back(workers.size());
  const Changes none(all.size(), std::vector<std::int64_t>(votings_));
  Changes changes = none;
  std::mutex mutex;
  const std::size_t tiles = (elements_ + tile_size() - 1) / tile_size();
  parallel_ranges(tiles, threads, 1, [&](std::size_t, std::size_t begin, std::size_t end) {
    Changes own = none;
    std::visit([&](auto& counts) { add_tiles(begin, end, counts, workers, all, own); }, counts_);
    const std::scoped_lock lock(mutex);
    for (std::size_t c = 0; c < all.size(); ++c) {
      for (std::size_t v = 0; v < votings_; ++v) changes[c][v] += own[c][v];
    }
  });
  std::vector<std::vector<std::uint64_t>> decided;
  for (const std::vector<std::int64_t>& change : changes) {
    for (std::size_t v = 0; v < votings_; ++v) decided_[v] += change[v];
    decided.emplace_back(decided_.begin(), decided_.end());
  }
  decided.pop_back();
  return decided;
}

template <class Count>
void VoteCount::add_tiles(std::size_t begin, std::size_t end, Counts<Count>& counts,
                          std::span<const NestedVotes> workers, std::span<const std::size_t> closings,
                          Changes& changes) const {
  Counts<Count> scratch;
  for (std::size_t tile = begin; tile < end; ++tile) {
    const std::size_t first = tile * tile_size();
    const std::size_t last = std::min<std::size_t>(first + tile_size(), elements_);
    if (counts.empty()) scratch.assign((last - first) * lanes(votings_), 0);
    Count* const of_tile = counts.empty() ? scratch.data() : counts.data() + first * lanes(votings_);
    const auto add_with = [&]<int n>(std::integral_constant<int, n>) {
      add_tile<n>(first, last, of_tile, workers, closings, changes);
    };
    switch (lanes(votings_)) {
      case 1:
        add_with(std::integral_constant<int, 1>());
        break;
      case 4:
        add_with(std::integral_constant<int, 4>());
        break;
      case 8:
        add_with(std::integral_constant<int, 8>());
        break;
      case 16:
        add_with(std::integral_constant<int, 16>());
        break;
      default:
        add_with(std::integral_constant<int, 32>());
        break;
    }
  }
}

/// Every vote is added to all lanes, in vectors: to those that it has no part in as nothing.
template <int lanes, class Count>
void VoteCount::add_tile(std::size_t begin, std::size_t end, Count* counts, std::span<const NestedVotes> workers,
                         std::span<const std::size_t> closings, Changes& changes) const {
  std::size_t worker = 0;
  for (std::size_t c = 0; c < closings.size(); ++c) {
    for (; worker < closings[c]; ++worker) {
      const NestedVotes& votes = workers[worker];
      std::array<Count, lanes> change{};
      auto j = static_cast<std::size_t>(std::ranges::lower_bound(votes.indices, begin) - votes.indices.begin());
      for (; j < votes.indices.size() && votes.indices[j] < end; ++j) {
        Count* const count = counts + (votes.indices[j] - begin) * lanes;
        const auto sign = static_cast<Count>(1 - 2 * (votes.marks[j] & 1));
        const auto votings = static_cast<Count>(votes.marks[j] / 2);
        for (Count v = 0; v < lanes; ++v) {
          const Count before = count[v];
          const auto after = static_cast<Count>(before + (v < votings ? sign : 0));
          count[v] = after;
          change[v] = static_cast<Count>(change[v] + (after != 0 ? 1 : 0) - (before != 0 ? 1 : 0));
        }
      }
      for (std::size_t v = 0; v < votings_; ++v) changes[c][v] += change[v];
    }
  }
}

}  // namespace simrun
