#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

// Votes are counted in bits: bit i of the word of weight 2^l is bit l of the count of position i. Each line of the
// cache is read once and added up in registers with the same line of the other planes.

/// The votes of one plane on 512 positions.
using Line = std::uint32_t __attribute__((vector_size(64)));
constexpr std::size_t line_words = sizeof(Line) / sizeof(std::uint32_t);

/// Planes that are added up at once: their counts have 6 bits.
constexpr std::size_t batch_planes = 32;
constexpr std::size_t batch_levels = 6;

/// Words for which the counts of many batches are kept, and how far apart their levels lie: not a multiple of 4096
/// bytes, so that they do not evict each other from the nearest cache.
constexpr std::size_t block_words = 1024;
constexpr std::size_t block_stride = block_words + line_words;
constexpr std::array<std::uint32_t, block_words> no_votes{};

/// Where each plane of a batch has the words of a block.
using Batch = std::array<const std::uint32_t*, batch_planes>;

/// Adds two bits to `low`, which becomes the bit of weight 1 of the sum; `carry` becomes the bit of weight 2.
template <class T>
SIMRUN_INLINE void full_add(T& low, const T& b, const T& c, T& carry) {
  const T half = low ^ b;
  carry = (low & b) | (half & c);
  low = half ^ c;
}

/// Asks for what is read from a plane some lines later: processors do not foresee so many streams by themselves. Into
/// the second cache, because planes that lie a multiple of 4096 bytes apart evict each other from the first.
SIMRUN_INLINE void prefetch(const std::uint32_t* at) {
  constexpr std::uintptr_t bytes_ahead = 6 * sizeof(Line);
  constexpr int for_reading = 0;
  constexpr int into_second_cache = 2;
  const std::uintptr_t later = reinterpret_cast<std::uintptr_t>(at) + bytes_ahead;
  __builtin_prefetch(reinterpret_cast<const void*>(later), for_reading, into_second_cache);
}

template <class T>
SIMRUN_INLINE void add_two(T& ones, const std::uint32_t* const* planes, std::size_t word, T& carry) {
  T a;
  T b;
  std::memcpy(&a, planes[0] + word, sizeof a);
  std::memcpy(&b, planes[1] + word, sizeof b);
  prefetch(planes[0] + word);
  prefetch(planes[1] + word);
  full_add(ones, a, b, carry);
}

/// Adds eight planes to `levels`, of weights 1, 2 and 4; `carry` becomes the bit of weight 8.
template <class T>
SIMRUN_INLINE void add_eight(T* levels, const std::uint32_t* const* planes, std::size_t word, T& carry) {
  T two_a;
  T two_b;
  T four_a;
  T four_b;
  add_two(levels[0], planes, word, two_a);
  add_two(levels[0], planes + 2, word, two_b);
  full_add(levels[1], two_a, two_b, four_a);
  add_two(levels[0], planes + 4, word, two_a);
  add_two(levels[0], planes + 6, word, two_b);
  full_add(levels[1], two_a, two_b, four_b);
  full_add(levels[2], four_a, four_b, carry);
}

/// The votes of the first `Planes` (8, 16 or 32) planes of a batch at one place.
template <std::size_t Planes, class T>
SIMRUN_INLINE void count(const Batch& batch, std::size_t word, std::array<T, batch_levels>& levels) {
  levels = {};
  const std::uint32_t* const* planes = batch.data();
  if constexpr (Planes == 8) {
    add_eight(levels.data(), planes, word, levels[3]);
  } else {
    T eight_a;
    T eight_b;
    T sixteen_a;
    add_eight(levels.data(), planes, word, eight_a);
    add_eight(levels.data(), planes + 8, word, eight_b);
    if constexpr (Planes == 16) {
      full_add(levels[3], eight_a, eight_b, levels[4]);
    } else {
      T sixteen_b;
      full_add(levels[3], eight_a, eight_b, sixteen_a);
      add_eight(levels.data(), planes + 16, word, eight_a);
      add_eight(levels.data(), planes + 24, word, eight_b);
      full_add(levels[3], eight_a, eight_b, sixteen_b);
      full_add(levels[4], sixteen_a, sixteen_b, levels[5]);
    }
  }
}

/// Bit `level` of `number` in every position of a word.
constexpr std::uint32_t all_positions(std::size_t number, std::size_t level) {
  return (number >> level & 1U) != 0 ? ~0U : 0U;
}

/// The vote of a single batch: the carry out of `start` + count.
template <std::size_t Planes, class T>
SIMRUN_INLINE void vote_once(const Batch& batch, std::size_t start, std::size_t begin, std::size_t end,
                             std::uint32_t* result) {
  for (std::size_t word = begin; word < end; word += sizeof(T) / sizeof(std::uint32_t)) {
    std::array<T, batch_levels> counts;
    count<Planes>(batch, word, counts);
    T carry{};
    for (std::size_t l = 0; l < batch_levels; ++l) {
      T sum = T{} + all_positions(start, l);
      T next;
      full_add(sum, counts[l], carry, next);
      carry = next;
    }
    std::memcpy(result + word, &carry, sizeof carry);
  }
}

/// Adds a batch to the sums of a block, whose word of level l and position w is at l * block_stride + w.
template <class T>
SIMRUN_INLINE void add_once(const Batch& batch, std::uint32_t* sums, std::size_t levels, std::size_t begin,
                            std::size_t end) {
  for (std::size_t word = begin; word < end; word += sizeof(T) / sizeof(std::uint32_t)) {
    std::array<T, batch_levels> counts;
    count<batch_planes>(batch, word, counts);
    const T nothing{};
    T carry{};
    for (std::size_t l = 0; l < levels; ++l) {
      std::uint32_t* const at = sums + l * block_stride + word;
      T sum;
      T next;
      std::memcpy(&sum, at, sizeof sum);
      full_add(sum, l < batch_levels ? counts[l] : nothing, carry, next);
      std::memcpy(at, &sum, sizeof sum);
      carry = next;
    }
  }
}

/// Lines, then the words that are left.
template <std::size_t Planes>
SIMRUN_INLINE void vote_words(const Batch& batch, std::size_t start, std::size_t words, std::uint32_t* result) {
  const std::size_t in_lines = words / line_words * line_words;
  vote_once<Planes, Line>(batch, start, 0, in_lines, result);
  vote_once<Planes, std::uint32_t>(batch, start, in_lines, words, result);
}

SIMRUN_EVERY_SIMD void vote_8(const Batch& batch, std::size_t start, std::size_t words, std::uint32_t* result) {
  vote_words<8>(batch, start, words, result);
}

SIMRUN_EVERY_SIMD void vote_16(const Batch& batch, std::size_t start, std::size_t words, std::uint32_t* result) {
  vote_words<16>(batch, start, words, result);
}

SIMRUN_EVERY_SIMD void vote_32(const Batch& batch, std::size_t start, std::size_t words, std::uint32_t* result) {
  vote_words<32>(batch, start, words, result);
}

SIMRUN_EVERY_SIMD void add_32(const Batch& batch, std::uint32_t* sums, std::size_t levels, std::size_t words) {
  const std::size_t in_lines = words / line_words * line_words;
  add_once<Line>(batch, sums, levels, 0, in_lines);
  add_once<std::uint32_t>(batch, sums, levels, in_lines, words);
}

using Planes = std::span<const std::span<const std::uint32_t>>;

/// Planes [first, first + 32) from word `begin` on; those beyond the last plane have no votes.
Batch batch_at(Planes planes, std::size_t first, std::size_t begin) {
  Batch batch;
  batch.fill(no_votes.data());
  const std::size_t end = std::min(first + batch_planes, planes.size());
  for (std::size_t p = first; p < end; ++p) batch[p - first] = planes[p].data() + begin;
  return batch;
}

/// Votes on words of the result that are at most a block. The counts start at 2^n - 1 - M/2, where 2^n > M, so that
/// they reach 2^n with the first vote above half of M: level n is the result.
class BlockVote {
 public:
  explicit BlockVote(Planes planes)
      : planes_(planes),
        top_(std::max<std::size_t>(batch_levels, std::bit_width(planes.size()))),
        start_((std::size_t{1} << top_) - 1 - planes.size() / 2) {}

  void operator()(std::size_t begin, std::span<std::uint32_t> result) {
    if (planes_.size() > batch_planes) return vote_in_batches(begin, result);
    const Batch batch = batch_at(planes_, 0, begin);
    const auto vote = planes_.size() <= 8 ? vote_8 : planes_.size() <= 16 ? vote_16 : vote_32;
    vote(batch, start_, result.size(), result.data());
  }

 private:
  void vote_in_batches(std::size_t begin, std::span<std::uint32_t> result) {
    sums_.resize((top_ + 1) * block_stride);
    for (std::size_t l = 0; l <= top_; ++l) {
      std::fill_n(sums_.data() + l * block_stride, result.size(), all_positions(start_, l));
    }
    for (std::size_t first = 0; first < planes_.size(); first += batch_planes) {
      add_32(batch_at(planes_, first, begin), sums_.data(), top_ + 1, result.size());
    }
    std::copy_n(sums_.data() + top_ * block_stride, result.size(), result.data());
  }

  Planes planes_;
  std::size_t top_;
  std::size_t start_;
  std::vector<std::uint32_t> sums_;
};

/// Words from `at` to the next line of the cache.
std::size_t words_to_line(const std::uint32_t* at) {
  return (0 - reinterpret_cast<std::uintptr_t>(at)) % sizeof(Line) / sizeof(std::uint32_t);
}

}  // namespace

void cpu_vote(Planes planes, std::span<std::uint32_t> result, unsigned threads) {
  if (planes.empty()) throw std::invalid_argument("a vote needs a voter");
  for (const auto plane : planes) {
    if (plane.size() != result.size()) throw std::invalid_argument("the planes of a vote differ in size");
  }
  threads = useful_threads(planes.size() * result.size(), threads);
  parallel_ranges(result.size(), threads, block_words, [&](std::size_t, std::size_t begin, std::size_t end) {
    BlockVote vote(planes);
    // The first block ends where a line does: planes mostly lie alike.
    std::size_t size = block_words + words_to_line(planes.front().data() + begin) - line_words;
    for (; begin < end; begin += size, size = block_words) {
      size = std::min(size, end - begin);
      vote(begin, result.subspan(begin, size));
    }
  });
}

}  // namespace simrun
