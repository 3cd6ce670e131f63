// Which samples a worker holds, and in which order it goes through them.

#include "sim/training/split.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>

#include "sim/training/batches.hpp"

namespace simrun {
namespace {

/// 1,000 labels of ten classes, in turn.
std::vector<std::uint8_t> labels() {
  std::vector<std::uint8_t> all(1000);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint8_t>(i % 10);
  return all;
}

std::set<std::uint8_t> labels_in(const std::vector<std::uint32_t>& share) {
  std::set<std::uint8_t> all;
  for (const std::uint32_t sample : share) all.insert(labels()[sample]);
  return all;
}

/// The largest share of one label that one worker holds, mean over the labels.
double concentration(double alpha) {
  const auto shares = split_samples({Split::Dirichlet{alpha}}, labels(), 10, 8, 1);
  std::vector<std::size_t> most(10);
  for (const auto& share : shares) {
    std::vector<std::size_t> count(10);
    for (const std::uint32_t sample : share) ++count[labels()[sample]];
    for (std::size_t label = 0; label < 10; ++label) most[label] = std::max(most[label], count[label]);
  }
  return static_cast<double>(std::accumulate(most.begin(), most.end(), std::size_t{0})) / 1000;
}

}  // namespace

TEST_CASE("an iid split deals out every sample once, the same number to each worker") {
  const auto shares = split_samples({Split::Iid{}}, labels(), 10, 15, 1);
  std::set<std::uint32_t> seen;
  for (const auto& share : shares) {
    CHECK(share.size() == 1000 / 15);
    CHECK(std::is_sorted(share.begin(), share.end()));
    seen.insert(share.begin(), share.end());
  }
  CHECK(seen.size() == 15 * (1000 / 15));
  CHECK(shares == split_samples({Split::Iid{}}, labels(), 10, 15, 1));
  CHECK(shares != split_samples({Split::Iid{}}, labels(), 10, 15, 2));
}

TEST_CASE("by labels, groups of 10/L workers share out all labels and each worker holds all samples of its own") {
  for (const std::size_t per_worker : {1, 2, 5, 10}) {
    const std::size_t group = 10 / per_worker;
    const auto shares = split_samples({Split::Labels{per_worker}}, labels(), 10, 3 * group, 1);
    for (std::size_t first = 0; first < shares.size(); first += group) {
      std::set<std::uint8_t> of_group;
      for (std::size_t w = first; w < first + group; ++w) {
        CHECK(shares[w].size() == 100 * per_worker);
        CHECK(labels_in(shares[w]).size() == per_worker);
        of_group.merge(labels_in(shares[w]));
      }
      CHECK(of_group.size() == 10);
    }
  }
}

TEST_CASE("by labels, each group deals out the labels in an order of its own, drawn from the seed") {
  const auto of_seed = [](std::uint64_t seed) { return split_samples({Split::Labels{2}}, labels(), 10, 15, seed); };
  // There are 10! / 2!^5 = 113,400 ways to give five workers pairs of ten labels: that two groups, or two seeds, of the
  // 60 below have the same is a mistake.
  std::set<std::vector<std::set<std::uint8_t>>> seen;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto shares = of_seed(seed);
    CHECK(shares == of_seed(seed));
    for (std::size_t first = 0; first < 15; first += 5) {
      std::vector<std::set<std::uint8_t>> group;
      for (std::size_t w = first; w < first + 5; ++w) group.push_back(labels_in(shares[w]));
      CHECK(seen.insert(group).second);
    }
  }
}

TEST_CASE("by labels, any two labels are as likely to meet at a worker as any others", "[large]") {
  // Label 0 is with one of nine others: each of them in 900 / 9 = 100 of 900 draws, with a standard deviation of
  // sqrt(900 * 1/9 * 8/9) = 9.4; five of these are 47.
  std::vector<int> met(10);
  for (std::uint64_t seed = 1; seed <= 900; ++seed) {
    for (const auto& share : split_samples({Split::Labels{2}}, labels(), 10, 5, seed)) {
      const std::set<std::uint8_t> pair = labels_in(share);
      if (pair.contains(0)) ++met[*pair.rbegin()];
    }
  }
  for (std::size_t label = 1; label < 10; ++label) CHECK(std::abs(met[label] - 100) < 47);
}

TEST_CASE("what is held out and what is left are all samples once, drawn from the seed") {
  for (const double share : {0.001, 0.1, 0.5}) {
    const HeldOut parts = hold_out(1000, share, 7);
    CHECK(parts.validation.size() == static_cast<std::size_t>(1000 * share));
    CHECK(parts.validation.size() == count_held_out(1000, share));
    CHECK(std::is_sorted(parts.train.begin(), parts.train.end()));
    CHECK(std::is_sorted(parts.validation.begin(), parts.validation.end()));
    std::set<std::uint32_t> all(parts.train.begin(), parts.train.end());
    all.insert(parts.validation.begin(), parts.validation.end());
    CHECK(parts.train.size() + parts.validation.size() == 1000);
    CHECK(all.size() == 1000);
    CHECK(hold_out(1000, share, 7).validation == parts.validation);
    CHECK(hold_out(1000, share, 8).validation != parts.validation);
  }
  CHECK(hold_out(1000, 0, 7).validation.empty());
  CHECK(hold_out(1000, 0, 7).train.size() == 1000);
  CHECK(count_held_out(4, 0.01) == 1);
}

TEST_CASE("splits that cannot be are refused") {
  CHECK_THROWS_AS(split_samples({Split::Labels{2}}, labels(), 10, 12, 1), SplitError);
  CHECK_THROWS_AS(split_samples({Split::Labels{3}}, labels(), 10, 10, 1), SplitError);
  CHECK_THROWS_AS(split_samples({Split::Labels{20}}, labels(), 10, 10, 1), SplitError);
  CHECK_THROWS_AS(split_samples({Split::Iid{}}, labels(), 10, 1001, 1), SplitError);
}

TEST_CASE("a Dirichlet split deals out every sample once and nobody goes empty; the smaller alpha, the less even") {
  for (const double alpha : {1e-6, 0.1, 1.0, 100.0}) {
    const auto shares = split_samples({Split::Dirichlet{alpha}}, labels(), 10, 30, 3);
    std::vector<std::uint32_t> all;
    for (const auto& share : shares) {
      CHECK(!share.empty());
      all.insert(all.end(), share.begin(), share.end());
    }
    std::sort(all.begin(), all.end());
    std::vector<std::uint32_t> expected(1000);
    std::iota(expected.begin(), expected.end(), 0U);
    CHECK(all == expected);
  }
  // One worker has it all where alpha goes to 0, each has an eighth where it goes to infinity.
  CHECK(concentration(1e-6) > 0.95);
  CHECK(concentration(1) < 0.7);
  CHECK(concentration(1e5) < 0.15);
}

TEST_CASE("a worker goes through all its samples, then through all of them in another order") {
  const std::vector<std::uint32_t> samples = {3, 5, 8, 13, 21, 34, 55, 89};
  SampleOrder order(samples, 1, 0);
  std::vector<std::vector<std::uint32_t>> passes(3);
  for (std::uint64_t i = 0; i < 24; ++i) passes[i / 8].push_back(order.at(i));
  CHECK(passes[0] != passes[1]);
  CHECK(SampleOrder(samples, 1, 0).at(17) == passes[2][1]);
  std::vector<std::uint32_t> of_another_worker;
  for (std::uint64_t i = 0; i < 8; ++i) of_another_worker.push_back(SampleOrder(samples, 1, 1).at(i));
  CHECK(of_another_worker != passes[0]);
  for (auto& pass : passes) {
    std::sort(pass.begin(), pass.end());
    CHECK(pass == samples);
  }
}

}  // namespace simrun
