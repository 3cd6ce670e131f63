// Selections one after another in one workspace: the floor that a run leaves for the next one.

#include <catch2/catch.hpp>
#include <limits>

#include "tests/kernels/samples.hpp"
#include "tests/kernels/selector.hpp"

using namespace simrun;
using namespace simrun::cuda;

TEST_CASE("the floor of top-k settles where some more than k elements reach it", "[cuda]") {
  constexpr std::size_t n = 1'000'000;
  const std::vector<float> zeros(n, 0.0F);
  const std::vector<float> x = normal_values(n, 6);
  for (const std::size_t k : {100U, 10'000U}) {
    HostMachine machine(2);
    Selector selector(machine, n, k);
    const TopKPlan plan = plan_top_k(n, k);
    Run run;
    for (int time = 0; time < 12; ++time) {
      run = selector.run(x, zeros);
      CHECK(run.course.tried_again == 0);
      CHECK(run.course.search_all == 0);
    }
    check_run(run, x, k);
    CHECK(run.course.collected >= plan.least_wanted);
    CHECK(run.course.collected <= plan.most_wanted);
    // From there on half of the elements above the floor may fall below it, and the cutoff with them.
    std::vector<float> smaller = x;
    for (std::size_t i = 0; i < n; i += 2) smaller[i] = 0;
    const Run drifted = selector.run(smaller, zeros);
    check_run(drifted, smaller, k);
    CHECK(drifted.course.tried_again == 0);
  }
}

TEST_CASE("top-k on kernels gives the same bytes whatever the runs before left in its workspace", "[cuda]") {
  constexpr std::size_t n = 200'003;
  const std::vector<float> zeros(n, 0.0F);
  for (const std::size_t k : {1U, 200U, 20'000U, 100'000U}) {
    HostMachine machine(3);
    Selector selector(machine, n, k);
    // Samples come twice in a row, and after all others; between them the normal one grows and shrinks.
    for (int round = 0; round < 2; ++round) {
      for (const Sample& sample : samples()) {
        INFO(sample.name << ", round " << round << ", K = " << k);
        for (const float scale : {1.0F, 1e-3F, 1e3F}) {
          std::vector<float> x = normal_values(n, 9);
          for (float& value : x) value *= scale;
          check_run(selector.run(x, zeros), x, k);
        }
        const std::vector<float> x = sample.make(n);
        const std::vector<float> sum = sum_of(zeros, x);
        check_run(selector.run(x, zeros), sum, k);
        check_run(selector.run(x, zeros), sum, k);
      }
    }
  }
}

TEST_CASE("a floor of top-k that is too high or too low costs passes, and the next one is right", "[cuda]") {
  constexpr std::size_t n = 400'000;
  constexpr std::size_t k = 400;
  const std::vector<float> zeros(n, 0.0F);
  HostMachine machine(2);
  Selector selector(machine, n, k);
  const auto scaled = [](float scale) {
    std::vector<float> x = normal_values(n, 3);
    for (float& value : x) value *= scale;
    return x;
  };
  const auto run = [&](float scale) {
    const std::vector<float> x = scaled(scale);
    const Run result = selector.run(x, zeros);
    check_run(result, x, k);
    return result.course;
  };
  run(1);
  CHECK(run(0.01F).tried_again == 1);
  CHECK(run(0.01F).tried_again == 0);
  const Course flooded = run(1);
  CHECK(flooded.tried_again == 0);
  CHECK(flooded.search_all == 1);
  CHECK(run(1).search_all == 0);
  // After what is not finite the floor is infinity, which no other element reaches.
  std::vector<float> x = scaled(1);
  std::fill(x.begin(), x.begin() + 2 * k, std::numeric_limits<float>::quiet_NaN());
  CHECK(~selector.run(x, zeros).outcome.non_finite == 0);
  CHECK(selector.floor().key <= least_non_finite_key);
  CHECK(run(1).tried_again == 1);
  CHECK(run(1).tried_again == 0);
}
