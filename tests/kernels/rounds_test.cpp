#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "kernels/drawn_indices.hpp"
#include "tests/kernels/samples.hpp"

namespace simrun {

TEST_CASE("drawn indices: different ones, in order, all of them where as many are asked for") {
  for (const std::uint64_t elements : {1U, 2U, 3U, 4U, 5U, 16U, 17U, 1000U}) {
    std::vector<std::uint32_t> all(elements);
    std::iota(all.begin(), all.end(), 0U);
    CHECK(draw_indices(3, elements, elements) == all);
    const auto half = draw_indices(3, elements, (elements + 1) / 2);
    CHECK(std::adjacent_find(half.begin(), half.end(), std::greater_equal<>()) == half.end());
    CHECK(half.back() < elements);
    CHECK(draw_indices(3, elements, 0).empty());
  }
  CHECK_THROWS_AS(draw_indices(3, 5, 6), std::invalid_argument);
  CHECK(draw_indices(3, std::uint64_t{1} << 32U, 3).size() == 3);
  CHECK(draw_indices(3, 1000, 10) == draw_indices(3, 1000, 10));
  CHECK(draw_indices(3, 1000, 10) != draw_indices(4, 1000, 10));
}

TEST_CASE("drawn indices: every element is drawn as often, and every pair of neighbours", "[large]") {
  // 5,000 draws of 10 of 50. An element is drawn with probability 1/5: 1,000 times, standard deviation 28.3; both of
  // two with 1/5 x 9/49: 183.7 times, 13.3. Among 50 values of each, one in 3e5 is 5 deviations off.
  std::vector<int> drawn(50);
  std::vector<int> together(50);
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    std::vector<char> is_drawn(50);
    for (const std::uint32_t i : draw_indices(seed, 50, 10)) is_drawn[i] = 1;
    for (std::size_t i = 0; i < 50; ++i) {
      drawn[i] += is_drawn[i];
      together[i] += is_drawn[i] & is_drawn[(i + 1) % 50];
    }
  }
  for (std::size_t i = 0; i < 50; ++i) {
    CHECK(std::abs(drawn[i] - 1000) < 5 * 28.3);
    CHECK(std::abs(together[i] - 183.7) < 5 * 13.3);
  }
}

TEST_CASE("drawn block: neighbours, from an index that is as likely as any other on, going on from 0") {
  for (const std::uint64_t elements : {1U, 2U, 17U, 1000U}) {
    for (std::uint64_t entries = 1; entries <= elements; entries += 1 + entries / 3) {
      const auto block = draw_block(3, elements, entries);
      REQUIRE(block.size() == entries);
      CHECK(std::adjacent_find(block.begin(), block.end(), std::greater_equal<>()) == block.end());
      CHECK(block.back() < elements);
      std::size_t gaps = 0;  // between neighbours in a circle
      for (std::size_t i = 0; i < block.size(); ++i)
        gaps += (block[i] + 1) % elements != block[(i + 1) % block.size()] ? 1U : 0U;
      CHECK(gaps == (entries == elements ? 0 : 1));
    }
  }
  CHECK(draw_block(3, 1000, 0).empty());
  CHECK_THROWS_AS(draw_block(3, 5, 6), std::invalid_argument);
  CHECK(draw_block(3, std::uint64_t{1} << 32U, 3).size() == 3);
}

TEST_CASE("drawn block: every element is drawn as often, those at the ends, too", "[large]") {
  // 5,000 draws of 10 of 50: as for drawn indices, 1,000 times, standard deviation 28.3.
  std::vector<int> drawn(50);
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    for (const std::uint32_t i : draw_block(seed, 50, 10)) ++drawn[i];
  }
  for (const int times : drawn) CHECK(std::abs(times - 1000) < 5 * 28.3);
}

TEST_CASE("random entries: 4 K bytes, and what is decoded and what is left are the gradient") {
  const std::vector<float> gradient = normal_values(1000);
  for (const char* name : {"random-entries", "random-block"}) {
    const auto codec = find_codec(name)->make({}, make_cpu_primitives(1));
    for (std::uint64_t seed = 0; seed < 50; ++seed) {  // of which some draw a block that goes on from 0
      const RoundContext context{.shared_seed = seed};
      const Payload payload = codec->encode(gradient, 30, context);
      CHECK(payload.size() == 120);
      CHECK(payload.header() == codec->shape(1000, 30, {}));
      std::vector<float> decoded(1000);
      codec->decode(payload, 1, decoded, context);
      std::vector<float> residual = gradient;
      codec->settle(payload, residual, context);
      CHECK(std::count(residual.begin(), residual.end(), 0.0F) == 30);
      for (std::size_t i = 0; i < 1000; ++i) REQUIRE(decoded[i] + residual[i] == gradient[i]);
    }
  }
}

TEST_CASE("random entries: without error feedback the mean over draws is the gradient") {
  // Each draw has a quarter of the elements, times 4: over all of them the mean of what is decoded over x is 1,
  // whatever is drawn. An element is there in 1 of 4 draws: of 400, standard deviation sqrt(3 / 400) = 0.0866 of x.
  // Where draws of elements do not depend on each other, the squares of that over 4,096 elements have a mean of 3 /
  // 400, known to 2.2 %.
  const std::vector<float> gradient = normal_values(4'096, 1);
  for (const char* name : {"random-entries", "random-block"}) {
    const auto codec = find_codec(name)->make({.error_feedback = false}, make_cpu_primitives(1));
    std::vector<float> sum(gradient.size());
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      const RoundContext context{.shared_seed = seed};
      codec->decode(codec->encode(gradient, 1'024, context), 1, sum, context);
    }
    double total = 0;
    double squares = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double off = sum[i] / 400 / gradient[i] - 1;
      CHECK(std::abs(off) < 5 * 0.0866);
      total += off;
      squares += off * off;
    }
    CHECK(std::abs(total / 4'096) < 1e-4);
    if (name == std::string("random-entries")) CHECK(squares / 4'096 == Approx(3.0 / 400).epsilon(5 * 0.022));
  }
}

TEST_CASE("leader indices: every worker's values go where the leader's largest are") {
  const std::vector<float> leader = normal_values(1000, 1);
  const std::vector<float> other = normal_values(1000, 2);
  const auto primitives = std::shared_ptr<const Primitives>(make_cpu_primitives(1));
  const auto values = find_codec("values-at")->make({}, primitives);
  const Pairs largest = primitives->select_largest(leader, 25);
  for (const IndexCoding coding : {IndexCoding::raw32, IndexCoding::bitmap, IndexCoding::delta}) {
    const auto indices = find_codec("leader-indices")->make({.index = coding}, primitives);
    const Payload first = indices->encode(leader, 25, {});
    CHECK(parse_again(first) == first);
    if (coding == IndexCoding::raw32) CHECK(first.size() == 32 + 4 * 25);
    if (const auto shape = indices->shape(1000, 25, {})) CHECK(first.header() == *shape);
    const RoundContext context{.previous = {&first, 1}};
    const Payload second = values->encode(other, 25, context);
    CHECK(second.header() == values->shape(1000, 25, {}));
    std::vector<float> decoded(1000);
    values->decode(second, 1, decoded, context);
    std::vector<float> residual = other;
    values->settle(second, residual, context);
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const bool is_sent = std::binary_search(largest.indices.begin(), largest.indices.end(), i);
      CHECK(decoded[i] == (is_sent ? other[i] : 0));
      CHECK(residual[i] == (is_sent ? 0 : other[i]));
    }
    CHECK_THROWS_AS(values->encode(other, 25, {}), PayloadError);
    CHECK_THROWS_AS(values->encode(normal_values(999), 25, context), PayloadError);
    CHECK_THROWS_AS(indices->decode(first, 1, decoded, {}), std::logic_error);
  }
}

}  // namespace simrun
