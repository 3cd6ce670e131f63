// How workers' computing jitters, against the distribution that it is promised to have: log-normal, of mean 1 and
// standard deviation j. With s^2 = log(1 + j^2), its logarithm is normal with mean -s^2 / 2 and standard deviation s.

#include "sim/workload/pace.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

namespace simrun {
namespace {

constexpr int samples = 100'000;

/// P(Z < z) of a standard normal Z.
double normal_below(double z) {
  return std::erfc(-z / std::sqrt(2)) / 2;
}

double sigma(double jitter) {
  return std::sqrt(std::log1p(jitter * jitter));
}

/// The mean over iterations of the slowest worker's factor.
double mean_slowest(const Pace& pace, int workers, int iterations) {
  double sum = 0;
  for (int i = 0; i < iterations; ++i) {
    double slowest = 0;
    for (int w = 0; w < workers; ++w) slowest = std::max(slowest, pace.factor(w, static_cast<std::uint64_t>(i)));
    sum += slowest;
  }
  return sum / iterations;
}

/// The expected largest of `workers` factors: the integral of 1 - F(x)^M over x > 0, by the trapezoidal rule.
double expected_slowest(int workers, double jitter) {
  const double s = sigma(jitter);
  const double step = 1e-3;
  double sum = 0.5;  // at x = 0, where F = 0
  for (double x = step; x < 20; x += step) sum += 1 - std::pow(normal_below((std::log(x) + s * s / 2) / s), workers);
  return step * sum;
}

}  // namespace

TEST_CASE("pace: without jitter a factor is exactly the straggler's, or 1") {
  const Pace pace{.jitter = 0, .seed = 7, .stragglers = {{3, 1.5}, {5, 0.5}}};
  for (std::uint64_t i = 0; i < 3; ++i) {
    CHECK(pace.factor(0, i) == 1);
    CHECK(pace.factor(3, i) == 1.5);
    CHECK(pace.factor(5, i) == 0.5);
  }
}

TEST_CASE("pace: jitter is log-normal, of mean 1 and the standard deviation given") {
  for (const double jitter : {0.05, 0.5}) {
    const Pace pace{.jitter = jitter, .seed = 1, .stragglers = {}};
    double sum = 0;
    double squares = 0;
    std::vector<double> scores;
    for (int i = 0; i < samples; ++i) {
      const double factor = pace.factor(i % 10, static_cast<std::uint64_t>(i / 10));
      sum += factor;
      squares += (factor - 1) * (factor - 1);
      scores.push_back(std::log(factor) / sigma(jitter) + sigma(jitter) / 2);
    }
    // Four standard errors: j / sqrt(n) of the mean; of the variance, of which a log-normal's fourth moment tells, less
    // than 6 j^2 / sqrt(n) at these j.
    CHECK(sum / samples == Approx(1).margin(4 * jitter / std::sqrt(samples)));
    CHECK(squares / samples == Approx(jitter * jitter).epsilon(24 / std::sqrt(samples)));
    for (const double z : {-2.0, -1.0, 0.0, 0.5, 1.645}) {
      const auto below = std::count_if(scores.begin(), scores.end(), [&](double score) { return score < z; });
      CHECK(static_cast<double>(below) / samples == Approx(normal_below(z)).margin(2 / std::sqrt(samples)));
    }
  }
}

TEST_CASE("pace: factors are independent from worker to worker and from iteration to iteration") {
  const Pace pace{.jitter = 0.2, .seed = 1, .stragglers = {}};
  const auto correlation = [&](int workers_apart, std::uint64_t iterations_apart) {
    double products = 0;
    for (std::uint64_t i = 0; i < samples; ++i)
      products += (pace.factor(4, i) - 1) * (pace.factor(4 + workers_apart, i + iterations_apart) - 1);
    return products / samples / 0.04;
  };
  CHECK(correlation(0, 0) == Approx(1).margin(0.1));
  CHECK(std::abs(correlation(1, 0)) < 4 / std::sqrt(samples));
  CHECK(std::abs(correlation(0, 1)) < 4 / std::sqrt(samples));
  CHECK(std::abs(correlation(1, 1)) < 4 / std::sqrt(samples));
}

TEST_CASE("pace: the same seed gives the same factors, another one others") {
  const auto factors = [](std::int64_t seed) {
    std::set<double> all;
    for (int w = 0; w < 10; ++w) all.insert(Pace{.jitter = 0.1, .seed = seed, .stragglers = {}}.factor(w, 5));
    return all;
  };
  CHECK(factors(1).size() == 10);
  CHECK(factors(1) == factors(1));
  CHECK(factors(1) != factors(2));
  CHECK(factors(1) != factors(1 + (std::int64_t{1} << 32)));
}

TEST_CASE("pace: a straggler jitters as others do, around its factor") {
  const Pace even{.jitter = 0.1, .seed = 3, .stragglers = {}};
  const Pace uneven{.jitter = 0.1, .seed = 3, .stragglers = {{2, 1.5}}};
  CHECK(uneven.factor(2, 9) == Approx(1.5 * even.factor(2, 9)).epsilon(1e-15));
  CHECK(uneven.factor(1, 9) == even.factor(1, 9));
}

TEST_CASE("pace: the slowest of M workers takes what order statistics say") {
  const int iterations = 20'000;
  for (const double jitter : {0.05, 0.3}) {
    const Pace pace{.jitter = jitter, .seed = 1, .stragglers = {}};
    // Of two, E max = 2 Phi(s / sqrt 2), because E max = E[X; Y < X] + E[Y; X < Y], each Phi(s / sqrt 2).
    CHECK(expected_slowest(2, jitter) == Approx(2 * normal_below(sigma(jitter) / std::sqrt(2))).epsilon(1e-6));
    // The slowest of several varies less than one: four standard errors are below 4 j / sqrt(n).
    for (const int workers : {1, 2, 8, 32})
      CHECK(mean_slowest(pace, workers, iterations) ==
            Approx(expected_slowest(workers, jitter)).margin(4 * jitter / std::sqrt(iterations)));
  }
}

}  // namespace simrun
