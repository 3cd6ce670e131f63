// Thresholds that are fitted in stages, and the pairs above them.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/fitted_threshold.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/kernels/sum_oracle.hpp"

using namespace simrun;

namespace {

std::unique_ptr<const Codec> fitted_pairs() {
  return find_codec("fitted-pairs")->make({}, make_cpu_primitives(1));
}

/// Magnitudes, in any order with any sign, of which as many as may be lie above each threshold as those that are drawn
/// from an exponential distribution of that mean would.
std::vector<float> exponential_values(std::size_t count, double mean) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) {
    const double above = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    x[i * 7919 % count] = static_cast<float>(-mean * std::log(above) * (i % 2 == 0 ? 1 : -1));
  }
  return x;
}

/// The stages as FittedThreshold tells them, each on those that the one before has left. How many are left at last.
std::size_t left_by_stages(const std::vector<float>& x, double share) {
  float threshold = 0;
  for (bool is_last = false; !is_last; share /= 0.25) {
    is_last = share >= 0.25;
    std::vector<double> magnitudes;  // zero where one does not reach the threshold
    double count = 0;
    for (const float value : x) {
      const bool reaches = std::abs(value) >= threshold;
      magnitudes.push_back(reaches ? std::abs(value) : 0.0F);
      count += reaches ? 1 : 0;
    }
    if (count == 0) break;
    const double excess = sum_in_order(magnitudes) / count - static_cast<double>(threshold);
    const double factor = -std::log(is_last ? share : 0.25);
    threshold = static_cast<float>(static_cast<double>(threshold) + excess * factor);
  }
  return static_cast<std::size_t>(
      std::count_if(x.begin(), x.end(), [&](float value) { return std::abs(value) >= threshold; }));
}

}  // namespace

TEST_CASE("fitted threshold: a quarter a stage, and at last what is left to K of N") {
  CHECK(FittedThreshold(1000, 1000).stages == 1);
  CHECK(FittedThreshold(1000, 1000).factor(0) == 0);
  CHECK(FittedThreshold(1000, 250).stages == 1);
  CHECK(FittedThreshold(1000, 249).stages == 2);
  const FittedThreshold plan(1'000'000, 1000);
  CHECK(plan.stages == 5);
  CHECK(plan.factor(0) == std::log(4.0));
  // The shares of all stages together are K of N.
  double factors = 0;
  for (unsigned stage = 0; stage < plan.stages; ++stage) factors += plan.factor(stage);
  CHECK(std::exp(-factors) == Approx(0.001));
  CHECK(FittedThreshold::next(2, 30, 10, 0.5) == 2.5F);
  CHECK(FittedThreshold::next(2, 0, 0, 0.5) == 2);
  CHECK(FittedThreshold::next(0, 1e38, 1, 99) == 0x1.fffffep127F);
}

TEST_CASE("fitted pairs: of exponential magnitudes K are kept, however many stages that takes") {
  constexpr std::size_t n = 1'000'000;
  for (const double mean : {1.0, 1e-6}) {
    const std::vector<float> x = exponential_values(n, mean);
    for (const std::size_t k : {500'000U, 250'000U, 100'000U, 10'000U, 1000U}) {
      const auto kept = static_cast<double>(fitted_pairs()->encode(x, k, {}).entries());
      // The mean of n of them is off by less than ln(n) / n, and so is that of those beyond each threshold.
      CHECK(kept == Approx(k).epsilon(0.01));
    }
  }
}

TEST_CASE("fitted pairs: the largest, as many as the stages leave, cut to half and twice of K") {
  constexpr std::size_t n = 20'011;
  for (const Sample& sample : samples()) {
    const std::vector<float> x = sample.make(n);
    for (const std::size_t k : {1U, 20U, 200U, 2001U, 15'000U, 20'011U}) {
      INFO(sample.name << ", " << k << " of " << n);
      const Payload payload = fitted_pairs()->encode(x, k, {});
      const std::size_t left = left_by_stages(x, static_cast<double>(k) / n);
      const std::size_t expected = std::clamp<std::size_t>(left, (k + 1) / 2, std::min(2 * k, n));
      CHECK(payload.entries() == expected);
      const Pairs largest = make_cpu_primitives(1)->select_largest(x, payload.entries());
      CHECK(payload == make_pairs(IndexCoding::raw32, n, {largest.indices, largest.values}));
    }
  }
  CHECK(fitted_pairs()->encode(std::vector<float>(n, 1.0F), 101, {}).entries() == 51);
  CHECK(fitted_pairs()->encode(std::vector<float>(n, 0.0F), 101, {}).entries() == 202);
}

TEST_CASE("fitted pairs: no payload takes more than is said") {
  for (const CodecCase& each : codec_cases()) {
    if (each.entry->name != "fitted-pairs") continue;
    const Payload most = each.make()->encode(std::vector<float>(20'000, 0.0F), 100, {});
    CHECK(most.entries() == 200);
    CHECK(most.size() <= each.make()->most_bytes(20'000, 100));
  }
}

TEST_CASE("fitted count: what the stages leave, on any number of threads") {
  for (const std::size_t n : {1UL, 1023UL, 1024UL, 1025UL, 100'003UL}) {
    for (const Sample& sample : samples()) {
      const std::vector<float> x = sample.make(n);
      for (const std::size_t k : {std::size_t{1}, (n + 99) / 100, (n + 2) / 3, n}) {
        INFO(sample.name << ", " << k << " of " << n);
        const std::size_t expected = left_by_stages(x, static_cast<double>(k) / static_cast<double>(n));
        for (const unsigned threads : {1U, 3U})
          CHECK(make_cpu_primitives(threads)->fitted_count(x, FittedThreshold(n, k)) == expected);
      }
    }
  }
}

TEST_CASE("fitted count: also where the runs that the CPU looks at first are not like the others") {
  constexpr std::size_t n = 300'000, run = 1024, every = 64;
  for (const float first : {0.0F, 0.01F, 1.5F, 100.0F}) {
    std::vector<float> x = exponential_values(n, 1.0);
    for (std::size_t i = 0; i < n; ++i) {
      if (i / run % every == 0) x[i] *= first;
    }
    for (const std::size_t k : {30U, 3000U, 100'000U}) {
      INFO("times " << first << ", " << k << " of " << n);
      const std::size_t expected = left_by_stages(x, static_cast<double>(k) / n);
      for (const unsigned threads : {1U, 3U})
        CHECK(make_cpu_primitives(threads)->fitted_count(x, FittedThreshold(n, k)) == expected);
    }
  }
}

TEST_CASE("fitted pairs: sizes alone are those of what is encoded, and refuse what it refuses") {
  constexpr std::size_t n = 20'011;
  const std::vector<RoundContext> steps(3);
  for (const CodecCase& each : codec_cases()) {
    if (each.entry->name != "fitted-pairs") continue;
    const auto codec = each.make();
    for (const Sample& sample : samples()) {
      INFO(each.name << ", " << sample.name);
      const std::vector<float> x = sample.make(n);
      const Payload encoded = codec->encode(x, 200, {}).without_contents();
      CHECK(codec->sizes(x, 200, steps) == std::vector<Payload>(3, encoded));
    }
    std::vector<float> x(n, 1.0F);
    x[n - 1] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(codec->sizes(x, 200, steps), NonFiniteError);
    x[n - 1] = -std::numeric_limits<float>::infinity();
    CHECK_THROWS_AS(codec->sizes(x, 200, steps), NonFiniteError);
  }
}
