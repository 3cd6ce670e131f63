// The largest of each of M parts, and sums of them that are cut.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::unique_ptr<const Codec> parted_pairs() {
  return find_codec("parted-pairs")->make({}, make_cpu_primitives(1));
}

std::vector<float> decoded(const Payload& payload) {
  std::vector<float> out(payload.elements());
  parted_pairs()->decode(payload, 1, out, {});
  return out;
}

}  // namespace

TEST_CASE("shares of entries: no part has more than elements, and all together are K") {
  for (const std::uint64_t n : {1U, 2U, 5U, 7U, 100U}) {
    for (std::uint64_t k = 0; k <= n; ++k) {
      for (std::uint64_t size = 1; size <= n; ++size) {
        std::uint64_t all = 0;
        for (std::uint64_t begin = 0; begin < n; begin += size) {
          const std::uint64_t end = std::min(begin + size, n);
          const std::uint64_t share = share_of_entries(k, n, begin, end);
          all += share;
          // As near to its share as whole numbers are.
          REQUIRE(share * n < k * (end - begin) + n);
          REQUIRE(share * n + n > k * (end - begin));
          REQUIRE(share <= end - begin);
        }
        REQUIRE(all == k);
      }
    }
  }
  constexpr std::uint64_t most = std::uint64_t{1} << 32U;
  CHECK(share_of_entries(most, most, most / 2, most) == most / 2);
  CHECK(share_of_entries(most - 1, most, 0, most) == most - 1);
}

TEST_CASE("parted pairs: of each part its share, the largest; one part is top-k") {
  constexpr std::size_t n = 1003;
  const std::vector<float> x = normal_values(n);
  const auto primitives = std::shared_ptr<const Primitives>(make_cpu_primitives(1));
  CHECK(parted_pairs()->encode(x, 57, {}) == find_codec("top-k")->make({}, primitives)->encode(x, 57, {}));
  for (const std::uint64_t workers : {2U, 3U, 8U, 57U, 90U, 2000U}) {
    for (const std::size_t k : {1U, 57U, 500U, 1003U}) {
      INFO(workers << " workers, " << k << " entries");
      const Payload payload = parted_pairs()->encode(x, k, {.workers = workers});
      CHECK(payload.header() == parted_pairs()->shape(n, k, {}));
      CHECK(parse_again(payload) == payload);
      const std::uint64_t size = part_elements(payload, static_cast<int>(workers));
      for (std::uint64_t begin = 0; begin < n; begin += size) {
        const Payload part = cut_part(payload, begin, begin + size);
        CHECK(part.entries() == share_of_entries(k, n, begin, begin + part.elements()));
        if (part.entries() == 0) continue;
        const Pairs largest = primitives->select_largest(std::span(x).subspan(begin, part.elements()), part.entries());
        CHECK(part == make_pairs(IndexCoding::raw32, part.elements(), {largest.indices, largest.values}));
      }
    }
  }
}

TEST_CASE("parted pairs: of what is not finite the lowest element is named, also where a part keeps none") {
  for (const std::size_t at : {0U, 400U, 999U}) {
    std::vector<float> x = normal_values(1000);
    x[at] = x[999] = std::numeric_limits<float>::infinity();
    try {
      parted_pairs()->encode(x, 3, {.workers = 8});
      FAIL("no exception");
    } catch (const NonFiniteError& error) {
      CHECK(error.element == at);
    }
  }
}

TEST_CASE("sums of parts: all are added before they are cut, and what is cut off is the rest") {
  // Whole numbers, whose sums are exact. An entry that would be cut after the first two comes back by the third.
  const auto aggregator = parted_pairs()->aggregator();
  std::vector<Payload> parts;
  std::vector<float> sum(200);
  for (unsigned worker = 0; worker < 5; ++worker) {
    std::vector<float> x = normal_values(200, worker);
    for (float& value : x) value = std::round(100 * value);
    parts.push_back(parted_pairs()->encode(x, 20, {}));
    const std::vector<float> sent = decoded(parts.back());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += sent[i];
  }
  const Payload result = aggregator->combine(parts);
  const Pairs largest = make_cpu_primitives(1)->select_largest(sum, 20);
  CHECK(result == make_pairs(IndexCoding::raw32, 200, {largest.indices, largest.values}));
  const std::optional<Payload> rest = aggregator->cut_off(parts, result);
  REQUIRE(rest);
  CHECK(parse_again(*rest) == *rest);
  std::vector<float> both = decoded(result);
  const std::vector<float> cut_off = decoded(*rest);
  for (std::size_t i = 0; i < sum.size(); ++i) {
    CHECK((both[i] == 0 || cut_off[i] == 0));
    both[i] += cut_off[i];
  }
  CHECK(both == sum);
  CHECK(aggregator->accepted(parts[1], result) == parts[1]);
}

TEST_CASE("sums of parts: of one payload nothing is cut off, of sizes nothing is known") {
  const auto aggregator = parted_pairs()->aggregator();
  const Payload one = parted_pairs()->encode(normal_values(100), 9, {});
  CHECK(aggregator->combine(std::vector{one}) == one);
  const std::optional<Payload> rest = aggregator->cut_off(std::vector{one}, one);
  REQUIRE(rest);
  CHECK(rest->elements() == 100);
  CHECK(rest->entries() == 0);
  const std::vector<Payload> sizes = {one, one.without_contents()};
  CHECK(aggregator->combine(sizes) == one.without_contents());
  CHECK_FALSE(aggregator->cut_off(sizes, one));
  const Payload none = cut(one, 0, 0);
  CHECK(aggregator->combine(std::vector{none, none}).entries() == 0);
}
