#include "kernels/random_ties.hpp"

#include <catch2/catch.hpp>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

constexpr std::size_t elements = 75;  // not whole words
constexpr std::uint32_t lots[] = {0xDEADBEEF, 0x12345678, 0xFFFFFFFF};

/// What `voters` workers decide, by RandomTies with the lots above and by counting.
void check_votes(unsigned voters) {
  const auto codec = find_codec("signs")->make({}, make_cpu_primitives(1));
  std::vector<Payload> ballots;
  std::vector<int> sums(elements);
  for (unsigned voter = 0; voter < voters; ++voter) {
    const std::vector<float> x = normal_values(elements, voter);
    for (std::size_t i = 0; i < elements; ++i) sums[i] += x[i] < 0 ? -1 : 1;
    ballots.push_back(codec->encode(x, elements, {}));
  }
  std::size_t drawn = 0;
  const RandomTies vote(codec->aggregator(), [&] { return lots[drawn++]; });
  const Payload result = vote.combine(ballots);
  CHECK(parse_again(result) == result);
  CHECK(drawn == (voters % 2 == 0 ? 3 : 0));
  std::vector<float> decided(elements);
  codec->decode(result, 1, decided, {});
  std::size_t ties = 0;
  for (std::size_t i = 0; i < elements; ++i) {
    const bool lot = (lots[i / 32] >> (i % 32) & 1U) != 0;
    const bool negative = sums[i] == 0 ? lot : sums[i] < 0;
    ties += sums[i] == 0 ? 1 : 0;
    REQUIRE(decided[i] == (negative ? -1.0F : 1.0F));
  }
  CHECK((ties > 0) == (voters % 2 == 0));
}

}  // namespace

TEST_CASE("random ties: lots decide where as many vote for as against, and nowhere else") {
  for (const unsigned voters : {1U, 2U, 3U, 4U, 9U, 14U}) check_votes(voters);
}

TEST_CASE("random ties: lots go on from one vote to the next") {
  const auto codec = find_codec("signs")->make({}, make_cpu_primitives(1));
  const std::vector<Payload> tied = {codec->encode(std::vector<float>(32, 1), 32, {}),
                                     codec->encode(std::vector<float>(32, -1), 32, {})};
  std::size_t drawn = 0;
  const RandomTies vote(codec->aggregator(), [&] { return lots[drawn++]; });
  CHECK_FALSE(vote.combine(tied) == vote.combine(tied));
  CHECK_THROWS_AS(vote.combine({}), PayloadError);
}
