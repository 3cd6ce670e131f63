// MergeComp's search of cuts.

#include "sim/scheduling/mergecomp_search.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace simrun {

TEST_CASE("partition: further cuts are made while they gain") {
  // A tensor takes 1 in the backward pass and 1 on the network, which the backward pass hides but for the last group:
  // with y groups of T/y tensors the end is at T + T/y, and one group more gains 1 / (y + 1)^2 of that.
  constexpr std::size_t T = 240;
  const std::vector<Seconds> backward(T, Seconds(1));
  const auto evaluate = [&](const Partition& partition) {
    return time_of(partition, backward, [](std::size_t first, std::size_t last) {
      return GroupTimes{Seconds(0), Seconds(static_cast<double>(last - first)), Seconds(0)};
    });
  };
  double before = 1e300;
  for (std::size_t most = 2; most <= 5; ++most) {
    const SearchedPartition found = search_cuts(T, evaluate, most);
    CHECK(found.partition.size() <= most);
    CHECK(found.partition.back() == T);
    CHECK(std::ranges::is_sorted(found.partition));
    CHECK(evaluate(found.partition).value == Approx(T + T / static_cast<double>(most)).epsilon(0.02));
    CHECK(evaluate(found.partition).value < before);
    before = evaluate(found.partition).value;
  }
  CHECK(search_cuts(T, evaluate, 2).partition == search_one_cut(T, evaluate).partition);
  CHECK(search_cuts(T, evaluate, 100, 0.5).partition.size() == 2);  // nothing gains a half
  CHECK(search_cuts(T, evaluate, 100, 0.05).partition.size() ==
        4);  // the third gains 1/9, the fourth 1/16, the fifth 1/25
  CHECK(search_cuts(2, evaluate, 100).partition == Partition{1, 2});
  CHECK(search_cuts(1, evaluate, 100).partition == Partition{1});
}

TEST_CASE("partition: MergeComp's search finds the cut where times fall towards it, in few evaluations") {
  for (const std::size_t best : {2U, 17U, 80U, 159U}) {
    const SearchedPartition found = search_one_cut(161, [&](const Partition& partition) {
      const auto cut = static_cast<double>(partition.front());
      return Seconds(std::abs(cut - static_cast<double>(best)));
    });
    INFO("best " << best << ", found " << found.partition.front());
    CHECK(std::abs(static_cast<double>(found.partition.front()) - static_cast<double>(best)) <= 2);
    CHECK(found.evaluations <= 16);  // two for each halving of 161
  }
  CHECK(search_one_cut(1, [](const Partition&) { return Seconds(1); }).partition == Partition{1});
  CHECK(search_one_cut(3, [](const Partition&) { return Seconds(1); }).partition == Partition{1, 3});
}

}  // namespace simrun
