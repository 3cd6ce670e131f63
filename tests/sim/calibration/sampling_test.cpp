#include "sim/calibration/sampling.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "sim/devices/quantile.hpp"

namespace simrun {
namespace {

/// An operation of known times on a clock that only it moves.
class Scripted final : public PreparedOperation {
 public:
  Scripted(std::function<double(std::size_t run)> time, Seconds& clock) : time_(std::move(time)), clock_(clock) {}

  Seconds run() override {
    const Seconds taken(time_(runs++));
    clock_ += taken;
    return taken;
  }

  std::uint64_t check() override {
    checked_after.push_back(runs);
    if (runs >= wrong_from) throw CalibrationError("wrong");
    return 100;
  }

  std::size_t runs = 0;
  std::size_t wrong_from = 1'000'000;
  std::vector<std::size_t> checked_after;  ///< numbers of runs

 private:
  std::function<double(std::size_t)> time_;
  Seconds& clock_;
};

std::optional<Sample> sample_within(Seconds budget, Scripted& operation, const Seconds& clock,
                                    Seconds end = Seconds(1e9)) {
  const SamplingRule rule{.warm_up = Seconds(2.5e-3), .budget = budget};
  return sample(
      operation, rule, [&] { return clock; }, [&] { return clock >= end; });
}

/// P(low < B <= high) for B binomial with n and 1/2: that so many of n values lie below the median.
double coverage(std::size_t n, Ranks ranks) {
  double term = std::exp2(-static_cast<double>(n));
  double sum = 0;
  for (std::size_t b = 0; b <= n; ++b) {
    if (b > ranks.low && b <= ranks.high) sum += term;
    term *= static_cast<double>(n - b) / static_cast<double>(b + 1);
  }
  return sum;
}

}  // namespace

TEST_CASE("quantiles of known samples") {
  const std::vector<double> five = {1, 2, 3, 4, 5};
  CHECK(quantile(five, 0) == 1);
  CHECK(quantile(five, 0.5) == 3);
  CHECK(quantile(five, 0.25) == 2);
  CHECK(quantile(five, 0.05) == Approx(1.2));  // a fifth of the way from the first to the second
  CHECK(quantile(five, 1) == 5);
  CHECK(quantile(std::vector<double>{1, 2, 3, 10}, 0.5) == Approx(2.5));
  CHECK(quantile(std::vector<double>{7}, 0.95) == 7);
}

TEST_CASE("interval of the median: known ranks") {
  const auto is = [](std::size_t n, std::size_t low, std::size_t high) {
    const Ranks ranks = median_interval(n);
    return ranks.low == low && ranks.high == high;
  };
  // Six values miss the median if all are on one side of it: 2 / 2^6 = 3.1 %. Five do so in 6.3 %.
  CHECK(is(6, 0, 5));
  CHECK(is(5, 0, 4));
  CHECK(is(1, 0, 0));
  // From tables of the binomial distribution: 2nd and 9th of 10, 10th and 21st of 30, 40th and 61st of 100.
  CHECK(is(10, 1, 8));
  CHECK(is(30, 9, 20));
  CHECK(is(100, 39, 60));
}

TEST_CASE("interval of the median: as narrow as 95 % allow") {
  for (std::size_t n = 6; n <= 301; ++n) {
    const Ranks ranks = median_interval(n);
    INFO(n);
    CHECK(ranks.low + ranks.high == n - 1);
    CHECK(coverage(n, ranks) >= 0.95);
    if (ranks.high - ranks.low > 2) CHECK(coverage(n, {ranks.low + 1, ranks.high - 1}) < 0.95);
  }
}

TEST_CASE("sampling: equal times end after as many runs as are enough") {
  Seconds clock;
  Scripted operation([](std::size_t) { return 1e-3; }, clock);
  const Sample taken = sample_within(Seconds(10), operation, clock).value();
  CHECK(taken.n == 30);
  CHECK(taken.median == Approx(1e-3));
  CHECK(taken.p5 == taken.p95);
  // The first, three to warm up for 2.5 ms, and those that count. After the first and the last it is checked.
  CHECK(operation.runs == 1 + 3 + 30);
  CHECK(operation.checked_after == std::vector<std::size_t>{1, 34});
  CHECK(taken.verified_bytes == 200);
}

TEST_CASE("sampling: times that scatter go on until the budget is spent") {
  Seconds clock;
  Scripted operation([](std::size_t run) { return run % 2 == 0 ? 1e-3 : 2e-3; }, clock);
  const Sample taken = sample_within(Seconds(0.15), operation, clock).value();
  CHECK(taken.n == 100);  // of 1.5 ms in the mean
  CHECK(taken.p25 == Approx(1e-3));
  CHECK(taken.p75 == Approx(2e-3));
  CHECK(sample_within(Seconds(100), operation, clock)->n == 301);
}

TEST_CASE("sampling: scatter that narrows ends before the budget") {
  // 0.4 % to either side: the interval of the median is within 1 % from the start.
  Seconds clock;
  Scripted operation([](std::size_t run) { return run % 2 == 0 ? 0.996e-3 : 1.004e-3; }, clock);
  CHECK(sample_within(Seconds(100), operation, clock)->n == 30);
}

TEST_CASE("sampling: a slow operation runs seven times") {
  Seconds clock;
  Scripted operation([](std::size_t) { return 10.0; }, clock);
  CHECK(sample_within(Seconds(1), operation, clock)->n == 7);
  CHECK(operation.runs == 1 + 1 + 7);
}

TEST_CASE("sampling: what does not count is not in the figures") {
  Seconds clock;
  // 5 s, then 2 s to warm up.
  Scripted operation([](std::size_t run) { return run < 2 ? 5.0 - 3.0 * static_cast<double>(run) : 1e-3; }, clock);
  CHECK(sample_within(Seconds(1), operation, clock)->p95 == Approx(1e-3));
}

TEST_CASE("sampling: at the end there is a sample of as many runs as there are, if they are the fewest") {
  // 1 run, 3 to warm up, and 6 or 7 that count.
  const auto ended_at = [](double end) {
    Seconds clock;
    Scripted operation([](std::size_t) { return 1e-3; }, clock);
    return sample_within(Seconds(10), operation, clock, Seconds(end));
  };
  CHECK_FALSE(ended_at(0));
  CHECK_FALSE(ended_at(9.5e-3));
  CHECK(ended_at(10.5e-3)->n == 7);
  CHECK(ended_at(20.5e-3)->n == 17);
}

TEST_CASE("sampling: a wrong result gives no figures") {
  Seconds clock;
  Scripted at_once([](std::size_t) { return 1e-3; }, clock);
  at_once.wrong_from = 0;
  CHECK_THROWS_AS(sample_within(Seconds(1), at_once, clock), CalibrationError);
  CHECK(at_once.runs == 1);  // nothing was timed
  Scripted later([](std::size_t) { return 1e-3; }, clock);
  later.wrong_from = 20;
  CHECK_THROWS_AS(sample_within(Seconds(1), later, clock), CalibrationError);
}

}  // namespace simrun
