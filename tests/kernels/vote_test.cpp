#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Plane = std::vector<std::uint32_t>;

Plane vote(const std::vector<Plane>& planes, unsigned threads = 1) {
  const std::vector<std::span<const std::uint32_t>> views(planes.begin(), planes.end());
  Plane result(planes.front().size(), 0xDEADBEEF);
  make_cpu_primitives(threads)->vote(views, result);
  return result;
}

bool bit(const Plane& plane, std::size_t i) {
  return (plane[i / 32] >> (i % 32) & 1U) != 0;
}

Plane vote_by_counting(const std::vector<Plane>& planes) {
  Plane result(planes.front().size());
  for (std::size_t i = 0; i < result.size() * 32; ++i) {
    const auto negative =
        std::count_if(planes.begin(), planes.end(), [i](const Plane& plane) { return bit(plane, i); });
    if (2 * static_cast<std::size_t>(negative) > planes.size()) result[i / 32] |= 1U << (i % 32);
  }
  return result;
}

/// Bits that are set with probability p = eighths/8.
Plane random_plane(std::size_t words, unsigned eighths, std::mt19937& random) {
  Plane plane(words);
  for (std::size_t i = 0; i < words * 32; ++i) {
    if (random() % 8 < eighths) plane[i / 32] |= 1U << (i % 32);
  }
  return plane;
}

/// Position i stands for one outcome of M votes: vote v is wrong where bit v of i is set. So all 2^M outcomes are
/// there.
std::vector<Plane> all_outcomes(unsigned voters) {
  const std::size_t outcomes = std::size_t{1} << voters;
  std::vector<Plane> planes(voters, Plane((outcomes + 31) / 32));
  for (std::size_t i = 0; i < outcomes; ++i) {
    for (unsigned v = 0; v < voters; ++v) {
      if ((i >> v & 1U) != 0) planes[v][i / 32] |= 1U << (i % 32);
    }
  }
  return planes;
}

/// The probability that the vote is wrong where every voter is, on its own, with probability p and the truth is
/// positive: the sum, over the outcomes that the vote gets wrong, of p^(wrong votes) (1-p)^(right votes).
double error_rate(unsigned voters, double p) {
  const Plane result = vote(all_outcomes(voters));
  double rate = 0;
  for (std::size_t i = 0; i < std::size_t{1} << voters; ++i) {
    const int wrong = std::popcount(i);
    if (bit(result, i)) rate += std::pow(p, wrong) * std::pow(1 - p, static_cast<int>(voters) - wrong);
  }
  return rate;
}

/// The same where the truth is negative, which a tie loses.
double error_rate_of_negatives(unsigned voters, double p) {
  std::vector<Plane> planes = all_outcomes(voters);
  for (Plane& plane : planes) {
    for (std::uint32_t& word : plane) word = ~word;
  }
  const Plane result = vote(planes);
  double rate = 0;
  for (std::size_t i = 0; i < std::size_t{1} << voters; ++i) {
    const int wrong = std::popcount(i);
    if (!bit(result, i)) rate += std::pow(p, wrong) * std::pow(1 - p, static_cast<int>(voters) - wrong);
  }
  return rate;
}

}  // namespace

TEST_CASE("vote gives what counting gives") {
  std::mt19937 random(5);
  for (const unsigned voters : {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 255, 256, 257}) {
    for (const std::size_t words : {1U, 5U, 1025U}) {
      if (voters > 64 && words > 5) continue;
      INFO(voters << " voters, " << words << " words");
      std::vector<Plane> planes;
      for (unsigned v = 0; v < voters; ++v) planes.push_back(random_plane(words, 3 + v % 3, random));
      REQUIRE(vote(planes) == vote_by_counting(planes));
    }
  }
}

TEST_CASE("vote does not depend on the number of threads") {
  std::mt19937 random(6);
  std::vector<Plane> planes(40, Plane(20'011));
  for (Plane& plane : planes) std::generate(plane.begin(), plane.end(), std::ref(random));
  const Plane expected = vote(planes, 1);
  for (const unsigned threads : {2U, 3U, 7U}) CHECK(vote(planes, threads) == expected);
}

TEST_CASE("vote needs more than half, for every number of voters that a simulation can have") {
  // Voters 0..v are negative at bit 0 with half of the votes (rounded down), at bit 1 with one more, at bit 2 with all,
  // at bit 3 with none: results 0, 1, 1, 0.
  for (const std::size_t voters : {1U, 2U, 3U, 1023U, 1024U, 1025U, 65535U, 65536U}) {
    INFO(voters << " voters");
    std::vector<Plane> planes(voters, Plane{0b100});
    for (std::size_t v = 0; v < voters / 2; ++v) planes[v][0] |= 0b001;
    for (std::size_t v = 0; v < voters / 2 + 1; ++v) planes[v][0] |= 0b010;
    CHECK(vote(planes) == Plane{0b110});
  }
}

TEST_CASE("vote is wrong as often as the binomial distribution says") {
  // P(more than half of M independent voters are wrong): sum over w > M/2 of C(M,w) p^w (1-p)^(M-w), to four digits.
  // All 2^M outcomes are voted on and weighted, so that no tolerance is needed beyond those digits.
  CHECK(error_rate(15, 0.1) == Approx(3.362e-5).epsilon(2e-4));
  CHECK(error_rate(15, 0.3) == Approx(5.001e-2).epsilon(2e-4));
  CHECK(error_rate(15, 0.45) == Approx(0.3465).epsilon(2e-4));
  CHECK(error_rate(8, 0.3) == Approx(5.797e-2).epsilon(2e-4));
  // A tie is positive: right where the truth is positive, wrong where it is negative. Ties have probability
  // C(8,4) 0.3^4 0.7^4 = 0.1361.
  CHECK(error_rate_of_negatives(8, 0.3) - error_rate(8, 0.3) == Approx(0.1361).epsilon(4e-4));
  CHECK(error_rate_of_negatives(15, 0.3) == Approx(error_rate(15, 0.3)));
}

TEST_CASE("vote of random voters errs as often, within what chance allows") {
  // 2^18 positions, 15 voters, each wrong with probability 3/8. P(wrong) = sum over w >= 8 of C(15,w) (3/8)^w
  // (5/8)^(15-w) = 0.15853. The count has a standard deviation of sqrt(2^18 x 0.15853 x 0.84147) = 187.0; five of them
  // are allowed.
  constexpr std::size_t words = 8192;
  std::mt19937 random(7);
  std::vector<Plane> planes;
  for (int v = 0; v < 15; ++v) planes.push_back(random_plane(words, 3, random));
  double wrong = 0;
  for (const std::uint32_t word : vote(planes)) wrong += std::popcount(word);
  CHECK(wrong == Approx(262144 * error_rate(15, 0.375)).margin(5 * 187.0));
}

TEST_CASE("vote refuses planes of different sizes and a vote without voters") {
  Plane result(2);
  const Plane right(2);
  const Plane wrong(3);
  const auto primitives = make_cpu_primitives(1);
  const std::vector<std::span<const std::uint32_t>> unequal{right, wrong};
  CHECK_THROWS_AS(primitives->vote(unequal, result), std::invalid_argument);
  CHECK_THROWS_AS(primitives->vote({}, result), std::invalid_argument);
}
