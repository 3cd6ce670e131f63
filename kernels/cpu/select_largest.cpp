#include <atomic>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <vector>

#include "kernels/cpu/cutoff.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

using Chunks = std::vector<std::span<const float>>;

/// A guess at the key of the k-th largest that errs on the low side, and how many elements may reach it.
struct Guess {
  std::uint32_t key = 0;
  std::size_t expected = 0;
};

/// Spreads j over all 32 bits, so that the sample does not beat with the shape of a tensor.
std::uint32_t scramble(std::uint32_t j) {
  j = (j ^ (j >> 16)) * 0x7FEB352DU;
  j = (j ^ (j >> 15)) * 0x846CA68BU;
  return j ^ (j >> 16);
}

/// From a sample with one element out of every `stride`. Of the k largest, the sample holds m = k / stride with a
/// standard deviation of about sqrt(m); its (m + 4 sqrt(m) + 4)-th largest lies below the k-th largest of all with
/// near certainty. Empty where counting all elements costs less.
std::optional<Guess> guess_key(std::span<const float> x, std::size_t k) {
  constexpr std::size_t most_samples = 32768;
  constexpr std::size_t least_stride = 16;
  if (x.size() < 1024 * least_stride || k > x.size() / 4) return std::nullopt;
  const std::size_t stride = std::max(least_stride, x.size() / most_samples);
  std::vector<float> sample(x.size() / stride);
  for (std::size_t j = 0; j < sample.size(); ++j) {
    const std::uint64_t offset = std::uint64_t{scramble(static_cast<std::uint32_t>(j))} * stride >> 32;
    sample[j] = x[j * stride + offset];
  }
  const double mean = static_cast<double>(k) / static_cast<double>(stride);
  const auto rank = static_cast<std::size_t>(mean + 4 * std::sqrt(mean) + 4);
  if (rank > sample.size()) return std::nullopt;
  const Chunks chunks{sample};
  const std::uint32_t key = find_cutoff(chunks, rank, 1).key;
  // Not above infinity, so that every non-finite value shows up.
  return Guess{.key = std::min(key, infinity_key), .expected = rank * stride};
}

/// The elements of each chunk that reach the guess. Empty if there are fewer than k, so that the guess was too high, or
/// far more than expected, as where many magnitudes are equal.
std::optional<std::vector<Pairs>> collect(const Chunks& chunks, Guess guess, std::size_t k, unsigned threads) {
  constexpr std::size_t tile = 65536;
  std::vector<Pairs> found(chunks.size());
  std::atomic<std::size_t> total = 0;
  const std::size_t most = 2 * guess.expected + tile;
  parallel_for(chunks.size(), threads, [&](std::size_t c) {
    Pairs& own = found[c];
    const auto first = static_cast<std::size_t>(chunks[c].data() - chunks.front().data());
    own.indices.reserve(guess.expected / chunks.size());
    own.values.reserve(guess.expected / chunks.size());
    for (std::size_t begin = 0; begin < chunks[c].size() && total <= most; begin += tile) {
      const std::size_t before = own.indices.size();
      const auto part = chunks[c].subspan(begin, std::min(tile, chunks[c].size() - begin));
      for_each_at_least(part, guess.key, [&](std::size_t i) {
        own.indices.push_back(static_cast<std::uint32_t>(first + begin + i));
        own.values.push_back(part[i]);
      });
      total += own.indices.size() - before;
    }
  });
  if (total < k || total > most) return std::nullopt;
  return found;
}

Pairs select_among(const std::vector<Pairs>& candidates, std::span<const float> x, std::size_t k, unsigned threads) {
  Chunks chunks;
  std::size_t total = 0;
  for (const Pairs& part : candidates) {
    chunks.emplace_back(part.values);
    total += part.values.size();
  }
  threads = useful_threads(total, threads);
  const Cutoff cutoff = find_cutoff(chunks, k, threads);
  if (cutoff.non_finite) check_finite(x);
  return gather(chunks, cutoff, threads, [&](std::size_t c) {
    return [indices = candidates[c].indices.data()](std::size_t i) { return indices[i]; };
  });
}

Pairs select_among_all(const Chunks& chunks, std::span<const float> x, std::size_t k, unsigned threads) {
  const Cutoff cutoff = find_cutoff(chunks, k, threads);
  if (cutoff.non_finite) check_finite(x);
  return gather(chunks, cutoff, threads, [&](std::size_t c) {
    return [first = static_cast<std::uint32_t>(chunks[c].data() - x.data())](std::size_t i) {
      return first + static_cast<std::uint32_t>(i);
    };
  });
}

Chunks cut_into_chunks(std::span<const float> x, unsigned count) {
  const std::size_t step = (x.size() + count - 1) / count;
  Chunks chunks;
  for (std::size_t begin = 0; begin < x.size(); begin += step) {
    chunks.push_back(x.subspan(begin, std::min(step, x.size() - begin)));
  }
  return chunks;
}

}  // namespace

Pairs cpu_select_largest(std::span<const float> x, std::size_t k, unsigned threads) {
  if (k == 0 || k > x.size()) throw std::invalid_argument("the number of entries to keep is not in [1, N]");
  threads = useful_threads(x.size(), threads);
  const Chunks chunks = cut_into_chunks(x, threads);
  if (const auto guess = guess_key(x, k)) {
    if (const auto candidates = collect(chunks, *guess, k, threads)) return select_among(*candidates, x, k, threads);
  }
  return select_among_all(chunks, x, k, threads);
}

}  // namespace simrun
