#include "kernels/cuda/vote.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

using Words = std::vector<std::uint32_t>;

Words vote(HostMachine& machine, const std::vector<Words>& planes) {
  std::vector<HostMachine::Buffer<std::uint32_t>> on_device;
  std::vector<const std::uint32_t*> pointers;
  for (const Words& plane : planes) {
    on_device.push_back(uploaded(plane));
    pointers.push_back(on_device.back().data());
  }
  HostMachine::Buffer<std::uint32_t> result(planes.front().size());
  const auto voters = static_cast<std::uint32_t>(planes.size());
  launch_vote(machine, Vote{pointers.data(), voters, result.size(), result.data()});
  return downloaded(result);
}

Words vote_by_counting(const std::vector<Words>& planes) {
  Words result(planes.front().size());
  for (std::size_t i = 0; i < result.size() * 32; ++i) {
    std::size_t votes = 0;
    for (const Words& plane : planes) votes += plane[i / 32] >> (i % 32) & 1U;
    if (2 * votes > planes.size()) result[i / 32] |= 1U << (i % 32);
  }
  return result;
}

Words vote_by_processor(const std::vector<Words>& planes) {
  Words result(planes.front().size());
  const std::vector<std::span<const std::uint32_t>> spans(planes.begin(), planes.end());
  make_cpu_primitives(2)->vote(spans, result);
  return result;
}

Words random_words(std::size_t count, std::mt19937& random) {
  Words words(count);
  for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random());
  return words;
}

}  // namespace

TEST_CASE("a vote on blocks gives what counting gives, for any number of voters", "[cuda]") {
  std::mt19937 random(1);
  on_machines([&](HostMachine& machine) {
    for (std::size_t voters = 1; voters <= 70; ++voters) {
      for (const std::size_t words : {1U, 2U, 3U, 4U, 5U, 67U}) {
        INFO(voters << " voters, " << words << " words");
        std::vector<Words> planes;
        for (std::size_t v = 0; v < voters; ++v) planes.push_back(random_words(words, random));
        const Words result = vote(machine, planes);
        REQUIRE(result == vote_by_counting(planes));
        REQUIRE(result == vote_by_processor(planes));
      }
    }
  });
}

TEST_CASE("a vote on blocks: one vote above half decides, a tie does not", "[cuda]") {
  HostMachine machine;
  for (const std::size_t voters : {1U, 2U, 7U, 8U, 15U, 16U, 63U, 64U, 255U, 256U, 4095U, 4096U, 65'535U, 65'536U}) {
    INFO(voters << " voters");
    // Of each word, bit 0 has no vote, bit 1 one, bit 2 half of them, bit 3 one more, bit 4 one less than all, bit 5
    // all.
    const std::size_t half = voters / 2;
    const std::vector<std::size_t> votes{0, 1, half, half + 1, voters - 1, voters};
    std::vector<Words> planes(voters, Words(1));
    std::uint32_t expected = 0;
    for (std::size_t bit = 0; bit < votes.size(); ++bit) {
      for (std::size_t v = 0; v < votes[bit]; ++v) planes[v][0] |= 1U << bit;
      if (2 * votes[bit] > voters) expected |= 1U << bit;
    }
    CHECK(vote(machine, planes) == Words{expected});
  }
}

TEST_CASE("a vote on blocks reaches all of many words", "[cuda]") {
  std::mt19937 random(2);
  on_machines([&](HostMachine& machine) {
    const std::vector<Words> planes{random_words(40'001, random), random_words(40'001, random),
                                    random_words(40'001, random)};
    REQUIRE(vote(machine, planes) == vote_by_processor(planes));
  });
}
