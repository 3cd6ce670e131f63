// Cutting tensors into groups, against all partitions that there are.

#include "sim/scheduling/partition.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "sim/scheduling/mergecomp_search.hpp"

namespace simrun {
namespace {

/// Groups that take a start and a time an element in each stage, of tensors of random sizes and times.
struct Case {
  std::vector<Seconds> backward;
  std::vector<std::uint64_t> elements;
  GroupTimes start;
  GroupTimes each;

  Case(std::size_t tensors, unsigned seed) {
    std::mt19937 random(seed);
    const auto upto = [&](double most) { return std::uniform_real_distribution<double>(0, most)(random); };
    for (std::size_t i = 0; i < tensors; ++i) {
      backward.emplace_back(upto(1));
      elements.push_back(1 + random() % 1000);
    }
    start = {Seconds(upto(0.5)), Seconds(upto(0.5)), Seconds(upto(0.2))};
    each = {Seconds(upto(1e-3)), Seconds(upto(3e-3)), Seconds(upto(1e-3))};
  }

  TimesOfGroup times() const {
    return [this](std::size_t first, std::size_t last) {
      const double size = std::accumulate(elements.begin() + static_cast<std::ptrdiff_t>(first),
                                          elements.begin() + static_cast<std::ptrdiff_t>(last), 0.0);
      return GroupTimes{start.encode + size * each.encode, start.exchange + size * each.exchange,
                        start.decode + size * each.decode};
    };
  }
};

/// The partition with a cut behind tensor i wherever bit i is set.
Partition partition_of_bits(std::size_t tensors, unsigned bits) {
  Partition partition;
  for (std::size_t i = 0; i + 1 < tensors; ++i) {
    if ((bits >> i & 1U) != 0) partition.push_back(i + 1);
  }
  partition.push_back(tensors);
  return partition;
}

/// The rules of execution, once more and as plainly as it goes: what a worker does, span by span.
double played(const Partition& partition, const Case& given) {
  double clock = 0, network = 0;
  std::vector<double> arrived;
  std::size_t first = 0;
  for (const std::size_t last : partition) {
    for (std::size_t i = first; i < last; ++i) clock += given.backward[i].value;
    const GroupTimes group = given.times()(first, last);
    clock += group.encode.value;
    network = std::max(network, clock) + group.exchange.value;
    arrived.push_back(network);
    first = last;
  }
  first = 0;
  for (std::size_t g = 0; g < partition.size(); ++g) {
    clock = std::max(clock, arrived[g]) + given.times()(first, partition[g]).decode.value;
    first = partition[g];
  }
  return clock;
}

}  // namespace

TEST_CASE("partition: times are those of the rules, played step by step") {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Case given(8, seed);
    for (unsigned bits = 0; bits < 128; ++bits) {
      const Partition partition = partition_of_bits(8, bits);
      CHECK(time_of(partition, given.backward, given.times()).value == Approx(played(partition, given)));
    }
  }
}

TEST_CASE("partition: the best one is the best of all 2^(T-1)") {
  for (const std::size_t tensors : {1U, 2U, 5U, 11U, 13U, 16U}) {
    for (unsigned seed = 0; seed < (tensors > 13 ? 2 : 12); ++seed) {
      const Case given(tensors, seed);
      INFO(tensors << " tensors, seed " << seed);
      double least = 1e300, least_of_three = 1e300;
      for (unsigned bits = 0; bits < 1U << (tensors - 1); ++bits) {
        const Partition partition = partition_of_bits(tensors, bits);
        const double time = played(partition, given);
        least = std::min(least, time);
        if (partition.size() <= 3) least_of_three = std::min(least_of_three, time);
      }
      const BestPartition best = best_partition(given.backward, given.times());
      CHECK(best.time.value == Approx(least).epsilon(1e-11));
      CHECK(played(best.partition, given) == Approx(least).epsilon(1e-11));
      const BestPartition of_three = best_partition(given.backward, given.times(), 3);
      CHECK(of_three.partition.size() <= 3);
      CHECK(played(of_three.partition, given) == Approx(least_of_three).epsilon(1e-11));
    }
  }
}

TEST_CASE("partition: the best one of two groups is the best of all cuts, for hundreds of tensors") {
  const Case given(314, 7);
  double least = played({314}, given);
  for (std::size_t cut = 1; cut < 314; ++cut) least = std::min(least, played({cut, 314}, given));
  CHECK(best_partition(given.backward, given.times(), 2).time.value == Approx(least).epsilon(1e-11));
  CHECK(best_partition(given.backward, given.times()).time.value <= least);
}

TEST_CASE("partition: with two ways for each group the best is the best of all partitions and choices") {
  // 2^(T-1) partitions, and in each 2^y choices for its y groups.
  for (const std::size_t tensors : {1U, 2U, 5U, 8U}) {
    for (unsigned seed = 0; seed < 12; ++seed) {
      const Case one(tensors, seed);
      const Case other(tensors, seed + 1000);
      INFO(tensors << " tensors, seed " << seed);
      const std::vector<TimesOfGroup> ways = {one.times(), other.times()};
      const auto time_with = [&](const Partition& partition, const auto& way_of) {
        const auto chosen = [&](std::size_t first, std::size_t last) {
          return ways[way_of(static_cast<std::size_t>(std::ranges::lower_bound(partition, last) - partition.begin()))](
              first, last);
        };
        return time_of(partition, one.backward, chosen).value;
      };
      double least = 1e300;
      for (unsigned bits = 0; bits < 1U << (tensors - 1); ++bits) {
        const Partition partition = partition_of_bits(tensors, bits);
        for (unsigned choice = 0; choice < 1U << partition.size(); ++choice)
          least = std::min(least, time_with(partition, [&](std::size_t group) { return choice >> group & 1U; }));
      }
      const BestPartition best = best_partition(one.backward, ways);
      CHECK(best.time.value == Approx(least).epsilon(1e-11));
      REQUIRE(best.ways.size() == best.partition.size());
      CHECK(time_with(best.partition, [&](std::size_t group) { return best.ways[group]; }) ==
            Approx(least).epsilon(1e-11));
    }
  }
}

TEST_CASE("partition: what is proved is within the tolerance, and what states were left out of is not proved") {
  std::size_t proved = 0;
  std::size_t open = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Case one(9, seed);
    const Case other(9, seed + 1000);
    const std::vector<TimesOfGroup> ways = {one.times(), other.times()};
    const double least = best_partition(one.backward, ways).time.value;
    for (const std::size_t most_states : {1U, 2U, 64U}) {
      const BestPartition found = best_partition(one.backward, ways, std::nullopt, 1e-3, most_states);
      INFO("seed " << seed << ", " << most_states << " states");
      CHECK(found.time.value >= least * (1 - 1e-9));
      if (found.is_proved) CHECK(found.time.value <= least * (1 + 1.1e-3));
      (found.is_proved ? proved : open) += 1;
      const BestPartition few = best_partition(one.backward, ways, 2, 1e-3, most_states);
      CHECK(few.partition.size() <= 2);
    }
  }
  CHECK(proved > 40);
  CHECK(open > 0);
}

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

TEST_CASE("partition: equal counts and equal sizes") {
  CHECK(equal_counts(10, 3) == Partition{3, 6, 10});
  CHECK(equal_counts(2, 5) == Partition{1, 2});
  CHECK(equal_counts(7, 1) == Partition{7});
  CHECK(equal_sizes(std::vector<std::uint64_t>{5, 1, 1, 1, 1, 1}, 2) == Partition{1, 6});
  CHECK(equal_sizes(std::vector<std::uint64_t>{1, 1, 1, 1}, 4) == Partition{1, 2, 3, 4});
  CHECK(equal_sizes(std::vector<std::uint64_t>{1}, 4) == Partition{1});
}

TEST_CASE("partition: groups are named in backward order, and give the schedule that they came from") {
  const Model model{"three", {{"a", {10}}, {"b", {20}}, {"c", {30}}}};
  const Grouping::Explicit named = named_groups(model, {1, 3});
  CHECK(named.groups == std::vector<std::vector<std::string>>{{"c"}, {"b", "a"}});
  const auto groups = make_schedule(model, {named});
  CHECK(groups.size() == 2);
  CHECK(partition_of(groups) == Partition{1, 3});
}

}  // namespace simrun
