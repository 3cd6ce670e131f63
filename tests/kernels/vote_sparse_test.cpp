#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

/// Index to +1 or -1.
using Votes = std::map<std::uint32_t, int>;

SparseSigns packed(const Votes& votes) {
  SparseSigns signs;
  signs.signs.resize((votes.size() + 7) / 8);
  for (const auto& [index, sign] : votes) {
    const std::size_t j = signs.indices.size();
    if (sign < 0) signs.signs[j / 8] |= std::byte{1} << static_cast<int>(j % 8);
    signs.indices.push_back(index);
  }
  return signs;
}

Votes unpacked(const SparseSigns& signs) {
  Votes votes;
  for (std::size_t j = 0; j < signs.indices.size(); ++j) {
    const bool negative = (signs.signs[j / 8] >> static_cast<int>(j % 8) & std::byte{1}) != std::byte{0};
    votes[signs.indices[j]] = negative ? -1 : 1;
  }
  return votes;
}

Votes vote(const std::vector<Votes>& all, std::size_t elements, unsigned threads = 1) {
  std::vector<SparseSigns> lists;
  std::transform(all.begin(), all.end(), std::back_inserter(lists), packed);
  std::vector<SparseSignsView> views;
  for (const SparseSigns& list : lists) views.push_back({list.indices, list.signs});
  const SparseSigns result = make_cpu_primitives(threads)->vote_sparse(views, elements);
  REQUIRE(std::is_sorted(result.indices.begin(), result.indices.end()));
  REQUIRE(result.signs.size() == (result.indices.size() + 7) / 8);
  REQUIRE(packed(unpacked(result)).signs == result.signs);  // padding is zero
  return unpacked(result);
}

Votes vote_by_adding(const std::vector<Votes>& all) {
  Votes sums;
  for (const Votes& votes : all) {
    for (const auto& [index, sign] : votes) sums[index] += sign;
  }
  Votes result;
  for (const auto& [index, sum] : sums) {
    if (sum != 0) result[index] = sum < 0 ? -1 : 1;
  }
  return result;
}

Votes random_votes(std::size_t elements, std::size_t count, std::mt19937& random) {
  Votes votes;
  for (std::size_t j = 0; j < count; ++j) {
    votes[static_cast<std::uint32_t>(random() % elements)] = random() % 2 == 0 ? -1 : 1;
  }
  return votes;
}

}  // namespace

TEST_CASE("vote_sparse gives what adding in a map gives") {
  std::mt19937 random(8);
  for (const std::size_t elements : {1U, 100U, 65'536U, 65'537U, 1'000'003U}) {
    for (const std::size_t voters : {1U, 2U, 5U, 40U}) {
      INFO(elements << " elements, " << voters << " voters");
      std::vector<Votes> all;
      for (std::size_t v = 0; v < voters; ++v) all.push_back(random_votes(elements, v * elements / 50 % 3000, random));
      const Votes expected = vote_by_adding(all);
      for (const unsigned threads : {1U, 2U, 7U}) REQUIRE(vote(all, elements, threads) == expected);
    }
  }
}

TEST_CASE("vote_sparse does not depend on the number of threads, wherever the votes are") {
  std::mt19937 random(9);
  for (const std::size_t elements : {30'000U, 5'000'000U}) {
    for (const bool clustered : {false, true}) {
      std::vector<Votes> all;
      for (int v = 0; v < 20; ++v) all.push_back(random_votes(clustered ? 20'000 : elements, 15'000, random));
      INFO(elements << " elements" << (clustered ? ", the first of which have all votes" : ""));
      const Votes expected = vote_by_adding(all);
      for (const unsigned threads : {1U, 2U, 3U, 7U}) REQUIRE(vote(all, elements, threads) == expected);
    }
  }
}

TEST_CASE("vote_sparse: a tie and no vote are no update") {
  // 1: +1 +1 -1 = +1; 2: +1 -1 = 0; 4: -1 = -1; the others got no vote.
  CHECK(vote({{{1, 1}, {2, 1}}, {{1, 1}, {2, -1}}, {{1, -1}, {4, -1}}}, 6) == Votes{{1, 1}, {4, -1}});
  CHECK(vote({{{3, 1}}, {{3, -1}}}, 6).empty());
  CHECK(vote({{}, {}}, 6).empty());
  CHECK(vote({}, 6).empty());
}

TEST_CASE("vote_sparse reaches the last of 2^32 elements") {
  const Votes votes{{0, -1}, {0x7FFFFFFF, 1}, {0x80000000, -1}, {0xFFFFFFFF, 1}};
  CHECK(vote({votes}, std::size_t{1} << 32) == votes);
}

TEST_CASE("sparse signs: a zero among the K largest is no vote and is not sent") {
  const auto codec = find_codec("sparse-signs")->make({}, make_cpu_primitives(1));
  const Payload payload = codec->encode(std::vector<float>{0, -2, -0.0F, 3, 0}, 4, {});
  CHECK(payload.entries() == 2);
  CHECK(payload == codec->encode(std::vector<float>{0, -2, -0.0F, 3, 0}, 2, {}));
  const Payload nothing = codec->encode(std::vector<float>(5), 2, {});
  CHECK(nothing.entries() == 0);
  CHECK(nothing.size() == Payload::header_bytes);
  CHECK(Payload::parse(nothing.bytes()) == nothing);
}

TEST_CASE("sparse signs: a vote may decide nothing, and its result is a payload all the same") {
  const auto codec = find_codec("sparse-signs")->make({.index = IndexCoding::bitmap}, make_cpu_primitives(1));
  const std::vector<Payload> parts{codec->encode(std::vector<float>{0, 5, 0}, 1, {}),
                                   codec->encode(std::vector<float>{0, -5, 0}, 1, {})};
  const Payload result = codec->aggregator()->combine(parts);
  CHECK(result.entries() == 0);
  CHECK(result.index() == IndexCoding::bitmap);
  CHECK(Payload::parse(result.bytes()) == result);
}
