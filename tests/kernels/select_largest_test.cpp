#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

/// All indices, largest magnitude first, then lowest index.
std::vector<std::uint32_t> sorted_by_magnitude(const std::vector<float>& x) {
  std::vector<std::uint32_t> order(x.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return std::fabs(x[a]) > std::fabs(x[b]); });
  return order;
}

void check_selection(const std::vector<float>& x, const std::vector<std::uint32_t>& order, std::size_t k,
                     unsigned threads) {
  INFO("K = " << k << ", " << threads << " threads");
  std::vector<std::uint32_t> indices(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k));
  std::sort(indices.begin(), indices.end());
  const Pairs pairs = make_cpu_primitives(threads)->select_largest(x, k);
  REQUIRE(pairs.indices == indices);
  std::vector<float> values;
  for (const std::uint32_t index : indices) values.push_back(x[index]);
  // As bytes, so that -0 is not +0.
  REQUIRE(pairs.values.size() == k);
  REQUIRE(std::memcmp(pairs.values.data(), values.data(), k * sizeof(float)) == 0);
}

}  // namespace

TEST_CASE("select_largest gives what sorting gives", "[large]") {
  // Around whole blocks of 64; below and above where a sample is taken; enough for seven threads.
  for (const std::size_t n : {1U, 2U, 63U, 64U, 65U, 1000U, 16'383U, 16'385U, 240'007U}) {
    for (const Sample& sample : samples()) {
      INFO(sample.name << ", N = " << n);
      const std::vector<float> x = sample.make(n);
      const auto order = sorted_by_magnitude(x);
      const std::set<std::size_t> counts{1, n / 1000, n / 100, n / 5, n / 4, n / 2, n - 1, n};
      for (const std::size_t k : counts) {
        if (k == 0) continue;
        for (const unsigned threads : {1U, 2U, 3U, 7U}) check_selection(x, order, k, threads);
      }
    }
  }
}

TEST_CASE("select_largest takes magnitudes, and of equal ones the first") {
  const std::vector<float> x{1, -2, 2, 0.5F, -2, 2};
  const Pairs pairs = make_cpu_primitives(1)->select_largest(x, 3);
  CHECK(pairs.indices == std::vector<std::uint32_t>{1, 2, 4});
  CHECK(pairs.values == std::vector<float>{-2, 2, -2});
}

TEST_CASE("select_largest refuses a number of entries that there cannot be") {
  const std::vector<float> x(3);
  CHECK_THROWS_AS(make_cpu_primitives(1)->select_largest(x, 0), std::invalid_argument);
  CHECK_THROWS_AS(make_cpu_primitives(1)->select_largest(x, 4), std::invalid_argument);
}
