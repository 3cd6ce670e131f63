#include "kernels/cpu/cutoff.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <numeric>

#include "kernels/parallel.hpp"

namespace simrun {
namespace {

struct Digit {
  unsigned shift;
  unsigned bits;
};

/// The first digit is the exponent and three bits of the mantissa, which leaves little to the others.
constexpr std::array<Digit, 3> digits{{{20, 11}, {10, 10}, {0, 10}}};

using Counts = std::array<std::size_t, 2048>;

/// How often each value of the first digit occurs.
void count_first_digit(std::span<const float> chunk, Counts& counts) {
  for (const float value : chunk) ++counts[magnitude_key(value) >> digits.front().shift];
}

/// How often each value of the digit occurs among the elements that agree with `key` in all higher digits. Those are
/// few as a rule.
void count_digit(std::span<const float> chunk, Digit digit, std::uint32_t key, Counts& counts) {
  counts.fill(0);
  if (digit.shift == digits.front().shift) return count_first_digit(chunk, counts);
  const std::uint32_t mask = (1U << digit.bits) - 1;
  const std::uint32_t above = key + (1U << (digit.shift + digit.bits));
  for_each_in_range(chunk, key, above, [&](std::size_t i) { ++counts[magnitude_key(chunk[i]) >> digit.shift & mask]; });
}

/// The value of the digit at which the k-th largest lies; takes off k what lies above it.
std::uint32_t pick(std::span<const Counts> counts, std::size_t& k) {
  for (std::size_t bin = Counts().size() - 1; bin > 0; --bin) {
    std::size_t here = 0;
    for (const Counts& chunk : counts) here += chunk[bin];
    if (here >= k) return static_cast<std::uint32_t>(bin);
    k -= here;
  }
  return 0;
}

std::size_t sum_from(const Counts& counts, std::size_t bin) {
  return std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(bin), counts.end(), std::size_t{0});
}

/// Selects k of the elements at the cutoff, the first ones.
void share_ties(Cutoff& cutoff, std::size_t k) {
  for (Cutoff::Share& share : cutoff.shares) {
    share.ties = std::min(share.ties, k);
    k -= share.ties;
  }
}

/// So few elements that it takes longer to go through the counts of a digit.
constexpr std::size_t few = 1024;

/// The same of few elements, by their keys.
Cutoff find_cutoff_of_few(std::span<const std::span<const float>> chunks, std::size_t k) {
  std::vector<std::uint32_t> keys;
  for (const auto chunk : chunks) std::ranges::transform(chunk, std::back_inserter(keys), magnitude_key);
  std::ranges::nth_element(keys, keys.begin() + static_cast<std::ptrdiff_t>(k - 1), std::greater<>());
  Cutoff cutoff;
  cutoff.key = keys[k - 1];
  for (const auto chunk : chunks) {
    Cutoff::Share& share = cutoff.shares.emplace_back();
    for (const float value : chunk) {
      const std::uint32_t key = magnitude_key(value);
      share.above += static_cast<std::size_t>(key > cutoff.key);
      share.ties += static_cast<std::size_t>(key == cutoff.key);
      cutoff.non_finite |= key >= infinity_key;
    }
    k -= share.above;
  }
  share_ties(cutoff, k);
  return cutoff;
}

}  // namespace

Cutoff find_cutoff(std::span<const std::span<const float>> chunks, std::size_t k, unsigned threads) {
  const std::size_t elements = std::transform_reduce(chunks.begin(), chunks.end(), std::size_t{0}, std::plus<>(),
                                                     [](std::span<const float> chunk) { return chunk.size(); });
  if (elements <= few) return find_cutoff_of_few(chunks, k);
  Cutoff cutoff;
  cutoff.shares.resize(chunks.size());
  std::vector<Counts> counts(chunks.size());
  for (const Digit digit : digits) {
    parallel_for(chunks.size(), threads, [&](std::size_t c) { count_digit(chunks[c], digit, cutoff.key, counts[c]); });
    const std::uint32_t bin = pick(counts, k);
    for (std::size_t c = 0; c < chunks.size(); ++c) {
      cutoff.shares[c].above += sum_from(counts[c], bin + 1);
      if (digit.shift == digits.front().shift) {
        cutoff.non_finite |= sum_from(counts[c], infinity_key >> digit.shift) != 0;
      }
      cutoff.shares[c].ties = counts[c][bin];
    }
    cutoff.key |= bin << digit.shift;
  }
  share_ties(cutoff, k);
  return cutoff;
}

}  // namespace simrun
