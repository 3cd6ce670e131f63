// Cutting tensors into groups, against all partitions that there are.

#include "sim/scheduling/partition.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>
#include <random>

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
    start = {Seconds(upto(0.5)), Seconds(upto(0.5)), Seconds(upto(0.2)), Seconds(upto(0.2)), Seconds(upto(0.2))};
    each = {Seconds(upto(1e-3)), Seconds(upto(3e-3)), Seconds(upto(1e-3)), Seconds(upto(1e-3)), Seconds(upto(1e-3))};
  }

  TimesOfGroup times() const {
    return [this](std::size_t first, std::size_t last) {
      const double size = std::accumulate(elements.begin() + static_cast<std::ptrdiff_t>(first),
                                          elements.begin() + static_cast<std::ptrdiff_t>(last), 0.0);
      return GroupTimes{start.encode + size * each.encode, start.exchange + size * each.exchange,
                        start.decode + size * each.decode, start.reduce + size * each.reduce,
                        start.share + size * each.share};
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

/// The same for hosts whose GPUs add up before they encode: what their device does tensor by tensor, and what the
/// network does beside it.
double played_in_hosts(const Partition& partition, const Case& given) {
  std::vector<double> done;  // by tensor
  double device = 0, network = 0, all_encoded = 0;
  const auto next_tensor = [&] { done.push_back(device += given.backward[done.size()].value); };
  std::size_t first = 0;
  for (const std::size_t last : partition) {
    const GroupTimes group = given.times()(first, last);
    while (done.size() < last) next_tensor();
    network = std::max(network, done[last - 1]) + group.reduce.value;
    while (done.size() < given.backward.size() && device < network) next_tensor();
    all_encoded = device = std::max(device, network) + group.encode.value;
    network = device + group.exchange.value;
    first = last;
  }
  first = 0;
  double decoded = all_encoded, shared = network;
  for (const std::size_t last : partition) {
    const GroupTimes group = given.times()(first, last);
    if (last == partition.back()) decoded = std::max(decoded, network);
    decoded += group.decode.value;
    shared = std::max(shared, decoded) + group.share.value;
    first = last;
  }
  return shared;
}

double played(const Partition& partition, const Case& given, Rules rules) {
  return rules == Rules::flat ? played(partition, given) : played_in_hosts(partition, given);
}

constexpr Rules all_rules[] = {Rules::flat, Rules::in_hosts};

}  // namespace

TEST_CASE("partition: times are those of the rules, played step by step") {
  for (const Rules rules : all_rules) {
    for (unsigned seed = 0; seed < 50; ++seed) {
      const Case given(8, seed);
      for (unsigned bits = 0; bits < 128; ++bits) {
        const Partition partition = partition_of_bits(8, bits);
        CHECK(time_of(partition, given.backward, given.times(), rules).value ==
              Approx(played(partition, given, rules)));
      }
    }
  }
}

TEST_CASE("partition: with hosts' sums first, a group is encoded between two tensors, and shared after the last") {
  // Four tensors of 4 s each, a group each. Sums take 1, encoding 2, exchanging 1, decoding 1, sharing 1. The first is
  // ready at 4, and added up at 5; the second tensor is done at 8, the first encoded at 10, exchanged at 11; meanwhile
  // the third is at work until 14. The second, whose gradient has been there since 8, is added up at 12, encoded at 16,
  // exchanged at 17; the third tensor's gradient has been there since 14: it is added up at 18, the fourth is done at
  // 20, the third is encoded at 22, exchanged at 23. The last is added up at 24, encoded at 26, exchanged at 27. By 29
  // three are decoded; the last is at 30. They are shared at 28, 29, 30 and 31.
  const std::vector<Seconds> backward(4, Seconds(4));
  const auto times = [](std::size_t, std::size_t) {
    return GroupTimes{Seconds(2), Seconds(1), Seconds(1), Seconds(1), Seconds(1)};
  };
  CHECK(time_of({1, 2, 3, 4}, backward, times, Rules::in_hosts) == Seconds(31));
  CHECK(time_of({4}, backward, times, Rules::in_hosts) == Seconds(16 + 6));
  // What takes no time waits for no tensor.
  const auto dense = [](std::size_t, std::size_t) {
    return GroupTimes{Seconds(0), Seconds(1), Seconds(0), Seconds(1), Seconds(1)};
  };
  CHECK(time_of({1, 2, 3, 4}, backward, dense, Rules::in_hosts) == Seconds(18 + 4));
  CHECK(best_partition(backward, times, std::nullopt, Rules::in_hosts).time == Seconds(22));
}

namespace {

/// Against all 2^(T-1).
void check_best(std::size_t tensors, unsigned seed, Rules rules) {
  const Case given(tensors, seed);
  INFO(tensors << " tensors, seed " << seed << (rules == Rules::flat ? "" : ", hosts"));
  double least = 1e300, least_of_three = 1e300;
  for (unsigned bits = 0; bits < 1U << (tensors - 1); ++bits) {
    const Partition partition = partition_of_bits(tensors, bits);
    const double time = played(partition, given, rules);
    least = std::min(least, time);
    if (partition.size() <= 3) least_of_three = std::min(least_of_three, time);
  }
  const BestPartition best = best_partition(given.backward, given.times(), std::nullopt, rules);
  CHECK(best.time.value == Approx(least).epsilon(1e-11));
  CHECK(played(best.partition, given, rules) == Approx(least).epsilon(1e-11));
  const BestPartition of_three = best_partition(given.backward, given.times(), 3, rules);
  CHECK(of_three.partition.size() <= 3);
  CHECK(played(of_three.partition, given, rules) == Approx(least_of_three).epsilon(1e-11));
}

}  // namespace

TEST_CASE("partition: the best one is the best of all 2^(T-1)") {
  for (const std::size_t tensors : {1U, 2U, 5U, 11U, 13U, 16U}) {
    for (unsigned seed = 0; seed < (tensors > 13 ? 2 : 12); ++seed) {
      for (const Rules rules : all_rules) check_best(tensors, seed, rules);
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
  const Rules rules = GENERATE(Rules::flat, Rules::in_hosts);
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
        return time_of(partition, one.backward, chosen, rules).value;
      };
      double least = 1e300;
      for (unsigned bits = 0; bits < 1U << (tensors - 1); ++bits) {
        const Partition partition = partition_of_bits(tensors, bits);
        for (unsigned choice = 0; choice < 1U << partition.size(); ++choice)
          least = std::min(least, time_with(partition, [&](std::size_t group) { return choice >> group & 1U; }));
      }
      const BestPartition best =
          best_partition(one.backward, ways, std::nullopt, 0, std::numeric_limits<std::size_t>::max(), rules);
      CHECK(best.time.value == Approx(least).epsilon(1e-11));
      REQUIRE(best.ways.size() == best.partition.size());
      CHECK(time_with(best.partition, [&](std::size_t group) { return best.ways[group]; }) ==
            Approx(least).epsilon(1e-11));
    }
  }
}

TEST_CASE("partition: what is proved is within the tolerance, and what states were left out of is not proved") {
  const Rules rules = GENERATE(Rules::flat, Rules::in_hosts);
  constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
  std::size_t proved = 0;
  std::size_t open = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    const Case one(9, seed);
    const Case other(9, seed + 1000);
    const std::vector<TimesOfGroup> ways = {one.times(), other.times()};
    const double least = best_partition(one.backward, ways, std::nullopt, 0, any, rules).time.value;
    for (const std::size_t most_states : {1U, 2U, 64U}) {
      const BestPartition found = best_partition(one.backward, ways, std::nullopt, 1e-3, most_states, rules);
      INFO("seed " << seed << ", " << most_states << " states");
      CHECK(found.time.value >= least * (1 - 1e-9));
      if (found.is_proved) CHECK(found.time.value <= least * (1 + 1.1e-3));
      (found.is_proved ? proved : open) += 1;
      const BestPartition few = best_partition(one.backward, ways, 2, 1e-3, most_states, rules);
      CHECK(few.partition.size() <= 2);
    }
  }
  CHECK(proved > 40);
  CHECK(open > 0);
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
