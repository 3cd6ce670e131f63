#include <catch2/catch.hpp>
#include <numeric>

#include "sim/workload/schedule.hpp"

namespace simrun {
namespace {

/// Four tensors of 100, 300, 50 and 550 elements.
const Model four_tensors{"four", {{"a", {100}}, {"b", {3, 100}}, {"c", {50}}, {"d", {550}}}};

std::vector<std::vector<std::size_t>> tensors_of(const std::vector<Group>& groups) {
  std::vector<std::vector<std::size_t>> all;
  for (const Group& group : groups) all.push_back(group.tensors);
  return all;
}

using Lists = std::vector<std::vector<std::size_t>>;

}  // namespace

TEST_CASE("groups come in the order in which the backward pass makes them ready") {
  CHECK(tensors_of(make_schedule(four_tensors, {Grouping::WholeModel{}})) == Lists{{0, 1, 2, 3}});
  CHECK(tensors_of(make_schedule(four_tensors, {Grouping::EachTensor{}})) == Lists{{3}, {2}, {1}, {0}});
  // d has 2200 bytes, c 200, b 1200, a 400. A bucket closes once it has 1300: d; then c and b together have 1400; a is
  // left.
  CHECK(tensors_of(make_schedule(four_tensors, {Grouping::Bucket{Bytes(1300)}})) == Lists{{3}, {1, 2}, {0}});
  // {a, d} is ready with a, which is last; {c, b} with b.
  CHECK(tensors_of(make_schedule(four_tensors, {Grouping::Explicit{{{"a", "d"}, {"c", "b"}}}})) ==
        Lists{{1, 2}, {0, 3}});
}

TEST_CASE("a group of more than 2^32 elements is several, as large as can be from the last tensor on") {
  const std::uint64_t half = std::uint64_t{1} << 31;
  const Model large{"large", {{"a", {half}}, {"b", {half}}, {"c", {half}}, {"d", {1}}, {"e", {4, half}}}};
  // e has 2^33 alone; d and c have less than 2^32, and with b one too many; b and a have 2^32.
  CHECK(tensors_of(make_schedule(large, {Grouping::WholeModel{}})) == Lists{{4}, {2, 3}, {0, 1}});
  // {a, c, e} and {b, d}: the first is several, and still all come as the backward pass makes them ready.
  Grouping::Explicit named{{{"a", "c", "e"}, {"b", "d"}}, {0}};
  const std::vector<Group> groups = make_schedule(large, {named});
  CHECK(tensors_of(groups) == Lists{{4}, {1, 3}, {0, 2}});
  CHECK(groups[0].is_dense);
  CHECK_FALSE(groups[1].is_dense);
  CHECK(groups[2].is_dense);
}

TEST_CASE("explicit groups hold every tensor once") {
  const auto make = [](std::vector<std::vector<std::string>> groups) {
    return make_schedule(four_tensors, {Grouping::Explicit{std::move(groups)}});
  };
  CHECK_THROWS_WITH(make({{"a", "b"}, {"c"}}), Catch::Contains("\"d\" is in no group"));
  CHECK_THROWS_WITH(make({{"a", "b", "c", "d", "a"}}), Catch::Contains("\"a\""));
  CHECK_THROWS_WITH(make({{"a", "b", "c", "d"}, {"e"}}), Catch::Contains("\"e\""));
  CHECK_THROWS_WITH(make({{"a", "b", "c", "d"}, {}}), Catch::Contains("empty"));
}

TEST_CASE("K is shared by size, by largest remainder") {
  const auto groups = make_schedule(four_tensors, {Grouping::EachTensor{}});  // 550, 50, 300, 100
  // K = 10: quotas 5.5, 0.5, 3, 1: floors 5, 0, 3, 1; one is left for the largest remainder, of which the first has it.
  // Then the second group has none: it takes one from the largest.
  CHECK(share_entries(groups, 10) == std::vector<std::uint64_t>{5, 1, 3, 1});
  // K = 100: 55, 5, 30, 10 exactly.
  CHECK(share_entries(groups, 100) == std::vector<std::uint64_t>{55, 5, 30, 10});
  // Fewer than groups: one each all the same.
  CHECK(share_entries(groups, 1) == std::vector<std::uint64_t>{1, 1, 1, 1});
  CHECK(share_entries(groups, 1000) == std::vector<std::uint64_t>{550, 50, 300, 100});
}

TEST_CASE("shares sum to K and fit their groups") {
  const auto groups = make_schedule(four_tensors, {Grouping::EachTensor{}});
  for (std::uint64_t k = 4; k <= 1000; ++k) {
    const auto shares = share_entries(groups, k);
    CHECK(std::accumulate(shares.begin(), shares.end(), std::uint64_t{0}) == k);
    for (std::size_t g = 0; g < groups.size(); ++g) CHECK((shares[g] >= 1 && shares[g] <= groups[g].elements));
  }
}

TEST_CASE("fragments are cut where a tensor, or a group, ends nearest to an even share") {
  // Up to 550, 600, 900 and 1000 elements in backward order.
  const Grouping whole{Grouping::WholeModel{}};
  CHECK(tensors_of(make_schedule(four_tensors, whole, 1)) == tensors_of(make_schedule(four_tensors, whole)));
  CHECK(tensors_of(make_schedule(four_tensors, whole, 2)) == Lists{{3}, {0, 1, 2}});
  CHECK(tensors_of(make_schedule(four_tensors, whole, 3)) == Lists{{3}, {2}, {0, 1}});
  const auto all = make_schedule(four_tensors, whole, 4);
  CHECK(tensors_of(all) == Lists{{3}, {2}, {1}, {0}});
  CHECK(all.back().fragment == 3);
  CHECK(all.back().elements == 100);
  CHECK_THROWS_WITH(make_schedule(four_tensors, whole, 5), Catch::Contains("4 tensors"));
  // Two groups of two tensors.
  const Grouping named{Grouping::Explicit{{{"c", "d"}, {"a", "b"}}}};
  const auto groups = make_schedule(four_tensors, named, 2);
  CHECK(tensors_of(groups) == Lists{{2, 3}, {0, 1}});
  CHECK(groups.front().fragment == 0);
  CHECK(groups.back().fragment == 1);
  CHECK_THROWS_WITH(make_schedule(four_tensors, named, 3), Catch::Contains("2 groups"));
}

TEST_CASE("backward time is shared by size") {
  const auto times = share_backward(four_tensors, Seconds(2));
  CHECK(times[0].value == Approx(0.2));
  CHECK(times[3].value == Approx(1.1));
}

}  // namespace simrun
