#include <array>
#include <bit>
#include <stdexcept>
#include <vector>

#include "kernels/cpu/operations.hpp"
#include "kernels/parallel.hpp"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
/// Compiled for each of these instruction sets; the loader takes the best that the processor has.
#define SIMRUN_EVERY_SIMD __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SIMRUN_EVERY_SIMD
#endif

namespace simrun {
namespace {

/// Counts 32 positions a word: bit i of word w of level l is bit l of the count of position i of word w. The words of
/// a block, with all levels, stay in the nearest cache.
constexpr std::size_t block_words = 1024;
using Block = std::array<std::uint32_t, block_words>;

/// Planes that are added at once.
constexpr std::size_t group_planes = 8;
constexpr Block no_votes{};

/// Adds three bits: `low` becomes the bit of weight 1 of the sum, and the bit of weight 2 is returned.
inline std::uint32_t full_add(std::uint32_t& low, std::uint32_t b, std::uint32_t c) {
  const std::uint32_t half = low ^ b;
  const std::uint32_t carry = (low & b) | (half & c);
  low = half ^ c;
  return carry;
}

/// Adds eight planes to the three lowest levels; `carry` takes the bit of weight 8.
SIMRUN_EVERY_SIMD void add_group(const std::array<const std::uint32_t*, group_planes>& planes,
                                 std::uint32_t* __restrict ones_level, std::uint32_t* __restrict twos_level,
                                 std::uint32_t* __restrict fours_level, std::uint32_t* __restrict carry,
                                 std::size_t words) {
  const auto [p0, p1, p2, p3, p4, p5, p6, p7] = planes;
  for (std::size_t w = 0; w < words; ++w) {
    std::uint32_t ones = ones_level[w];
    std::uint32_t twos = twos_level[w];
    std::uint32_t fours = fours_level[w];
    const std::uint32_t two_a = full_add(ones, p0[w], p1[w]);
    const std::uint32_t two_b = full_add(ones, p2[w], p3[w]);
    const std::uint32_t four_a = full_add(twos, two_a, two_b);
    const std::uint32_t two_c = full_add(ones, p4[w], p5[w]);
    const std::uint32_t two_d = full_add(ones, p6[w], p7[w]);
    const std::uint32_t four_b = full_add(twos, two_c, two_d);
    carry[w] = full_add(fours, four_a, four_b);
    ones_level[w] = ones;
    twos_level[w] = twos;
    fours_level[w] = fours;
  }
}

SIMRUN_EVERY_SIMD void add_carry(std::uint32_t* __restrict level, std::uint32_t* __restrict carry, std::size_t words) {
  for (std::size_t w = 0; w < words; ++w) {
    const std::uint32_t next = level[w] & carry[w];
    level[w] ^= carry[w];
    carry[w] = next;
  }
}

/// The counts start at 2^n - 1 - M/2, where 2^n > M, so that they reach 2^n with the first vote above half of M: level
/// n, the last one, is the result.
void vote_block(std::span<const std::span<const std::uint32_t>> planes, std::size_t begin, std::vector<Block>& levels,
                std::span<std::uint32_t> result) {
  const std::size_t start = (std::size_t{1} << (levels.size() - 1)) - 1 - planes.size() / 2;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    levels[level].fill((start >> level & 1U) != 0 ? ~0U : 0U);
  }
  Block carry;
  for (std::size_t first = 0; first < planes.size(); first += group_planes) {
    std::array<const std::uint32_t*, group_planes> group;
    for (std::size_t p = 0; p < group_planes; ++p) {
      group[p] = first + p < planes.size() ? planes[first + p].data() + begin : no_votes.data();
    }
    add_group(group, levels[0].data(), levels[1].data(), levels[2].data(), carry.data(), result.size());
    for (std::size_t level = 3; level < levels.size(); ++level) {
      add_carry(levels[level].data(), carry.data(), result.size());
    }
  }
  std::copy_n(levels.back().begin(), result.size(), result.begin());
}

}  // namespace

void cpu_vote(std::span<const std::span<const std::uint32_t>> planes, std::span<std::uint32_t> result,
              unsigned threads) {
  if (planes.empty()) throw std::invalid_argument("a vote needs a voter");
  for (const auto plane : planes) {
    if (plane.size() != result.size()) throw std::invalid_argument("the planes of a vote differ in size");
  }
  const auto level_count = std::max<std::size_t>(3, std::bit_width(planes.size())) + 1;
  threads = useful_threads(planes.size() * result.size(), threads);
  parallel_ranges(result.size(), threads, block_words, [&](std::size_t, std::size_t begin, std::size_t end) {
    std::vector<Block> levels(level_count);
    for (; begin < end; begin += block_words) {
      vote_block(planes, begin, levels, result.subspan(begin, std::min(block_words, end - begin)));
    }
  });
}

}  // namespace simrun
