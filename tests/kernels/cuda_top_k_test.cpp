// The kernels of top-k as HostMachine runs them, against sorting. What select_largest promises of every back end is
// tested in select_largest_test.cpp; here: the residual, the ways that a selection can take, many tensors at once.

#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <limits>
#include <memory>

#include "kernels/cuda/small_top_k.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/kernels/selector.hpp"

using namespace simrun;
using namespace simrun::cuda;

TEST_CASE("top-k on kernels selects from residual + gradient and clears what it selects", "[cuda]") {
  for (const Sample& sample : samples()) {
    for (const std::size_t n : {1U, 4095U, 4096U, 4099U, 131'101U}) {
      const std::vector<float> gradient = sample.make(n);
      const std::vector<float> residual = normal_values(n, 5);
      for (const std::vector<float>& before : {std::vector<float>(n, 0.0F), residual}) {
        const std::vector<float> sum = sum_of(before, gradient);
        for (const std::size_t k : {std::size_t{1}, n / 1000, n / 100, n / 9, n / 2, n - 1, n}) {
          if (k == 0) continue;
          INFO(sample.name << ", N = " << n << ", K = " << k);
          check_run(run_top_k(HostMachine(n % 2 == 0 ? 1 : 3), gradient, before, k), sum, k);
        }
      }
    }
  }
}

TEST_CASE("a right guess of top-k collects few, a wrong one is found out", "[cuda]") {
  constexpr std::size_t n = 400'000;
  constexpr std::size_t k = 400;
  const std::vector<float> zeros(n, 0.0F);
  const std::vector<float> x = normal_values(n, 3);
  REQUIRE(plan_top_k(n, k).capacity > 0);
  const Run right = run_top_k(HostMachine(2), x, zeros, k);
  check_run(right, x, k);
  CHECK(right.course.tried_again == 0);
  CHECK(right.course.search_all == 0);
  // The sample, one in 16, should hold k / 16 = 25 of the k largest; the guess is its element 25 + 4 * 5 + 4 = 49,
  // which about 2 k elements reach, and the floor lies up to an eighth of its magnitude below: another factor of 2 at
  // most.
  CHECK(right.course.collected >= k);
  CHECK(right.course.collected < 5 * k);

  // As large values as there are samples, each at the place of one, and k of them: the sample is full of large values
  // and the guess far too high.
  std::vector<float> biased = x;
  const TopKPlan plan = plan_top_k(n, k);
  for (std::uint32_t j = 0; j < k - 1; ++j) biased[sampled(j, n / plan.samples)] = 100;
  const Run wrong = run_top_k(HostMachine(2), biased, zeros, k);
  check_run(wrong, biased, k);
  CHECK(wrong.course.tried_again == 1);
}

TEST_CASE("top-k on kernels looks at all elements where collecting does not help", "[cuda]") {
  constexpr std::size_t n = 300'000;
  const std::vector<float> zeros(n, 0.0F);
  const std::vector<float> equal(n, 0.5F);  // everything reaches any floor, and the room is for 65,936 candidates
  const Run run = run_top_k(HostMachine(2), equal, zeros, 100);
  check_run(run, equal, 100);
  CHECK(run.course.search_all == 1);
  const std::vector<float> x = normal_values(n, 8);
  const Run dense = run_top_k(HostMachine(2), x, zeros, n / 3);
  check_run(dense, x, n / 3);
  CHECK(dense.course.search_all == 1);
}

TEST_CASE("top-k on kernels is one launch", "[cuda]") {
  for (const std::size_t k : {100U, 100'000U}) {
    HostMachine machine(2);
    constexpr std::size_t n = 300'000;
    Selector selector(machine, n, k);
    const std::vector<float> x = normal_values(n, 4);
    for (int time = 0; time < 2; ++time) {
      const std::uint64_t before = machine.launches();
      check_run(selector.run(x, std::vector<float>(n, 0.0F)), x, k);
      CHECK(machine.launches() == before + 1);
    }
  }
}

TEST_CASE("top-k on kernels leaves out zeros where they are no entries", "[cuda]") {
  std::vector<float> x(5000, 0.0F);
  x[17] = -2;
  x[4000] = 1;
  x[4001] = -0.0F;
  const Run run = run_top_k(HostMachine(1), x, std::vector<float>(x.size(), 0.0F), 10, false);
  CHECK(run.indices == std::vector<std::uint32_t>{17, 4000});
  CHECK(run.values == std::vector<float>{-2, 1});
}

TEST_CASE("top-k on kernels reports the first element that is not finite", "[cuda]") {
  for (const std::size_t n : {100U, 200'000U}) {
    std::vector<float> x = normal_values(n);
    HostMachine machine(2);
    Selector selector(machine, n, 5);
    const std::vector<float> zeros(n, 0.0F);
    CHECK(selector.run(x, zeros).outcome.non_finite == 0);
    x[77] = std::numeric_limits<float>::quiet_NaN();
    x[n - 1] = -std::numeric_limits<float>::infinity();
    CHECK(~selector.run(x, zeros).outcome.non_finite == 77);
    x[77] = x[n - 1] = 0;
    CHECK(selector.run(x, zeros).outcome.non_finite == 0);
  }
}

TEMPLATE_TEST_CASE("top-k on kernels adds gradients of 16 bits as if they were widened first", "[cuda]", Half,
                   BFloat16) {
  for (const std::size_t n : {5U, 4100U, 131'101U}) {
    for (const std::size_t k : {std::size_t{1}, (n + 999) / 1000, (n + 2) / 3}) {
      INFO("N = " << n << ", K = " << k);
      const std::vector<float> residual = normal_values(n, 7);
      std::mt19937 random(static_cast<unsigned>(n + k));
      HostMachine machine(2);
      Selector narrow(machine, n, k);
      Selector wide(machine, n, k);
      for (const unsigned mask : {0x83FFU, 0xBBFFU, 0xFFFFU}) {  // denormal, finite, any bits
        std::vector<TestType> gradient;
        std::vector<float> floats;
        for (std::size_t i = 0; i < n; ++i) {
          gradient.push_back({static_cast<std::uint16_t>(random() & mask)});
          floats.push_back(widened(gradient.back()));
        }
        const Run run = narrow.run(gradient, residual);
        const Run expected = wide.run(floats, residual);
        CHECK(run.outcome.non_finite == expected.outcome.non_finite);
        REQUIRE(run.indices == expected.indices);
        REQUIRE(same_bytes(run.values, expected.values));
        REQUIRE(same_bytes(run.residual, expected.residual));
      }
    }
  }
}

TEST_CASE("16 bits are widened exactly", "[cuda]") {
  CHECK(widened(Half{0x3C01}) == 1 + 0x1p-10F);
  CHECK(widened(Half{0x8001}) == -0x1p-24F);
  CHECK(widened(BFloat16{0x3F81}) == 1 + 0x1p-7F);
  CHECK(widened(BFloat16{0x8001}) == -0x1p-133F);
}

TEST_CASE("one launch selects in many small tensors", "[cuda]") {
  const std::vector<std::size_t> sizes{1, 2, 31, 1000, 4096, 4097, 20'011};
  std::vector<std::vector<float>> gradients, residuals, sums, values;
  std::vector<std::vector<std::uint32_t>> indices, signs;
  std::vector<SmallTopK<float>> jobs;
  for (const Sample& sample : samples()) {
    for (const std::size_t n : sizes) {
      gradients.push_back(sample.make(n));
      residuals.push_back(normal_values(n, 2));
      sums.push_back(sum_of(residuals.back(), gradients.back()));
      indices.emplace_back((n + 6) / 7);
      values.emplace_back((n + 6) / 7);
      signs.emplace_back(words_of(values.back().size()), 0xA5A5A5A5U);
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    jobs.push_back({gradients[i].data(), residuals[i].data(), static_cast<std::uint32_t>(sums[i].size()),
                    static_cast<std::uint32_t>(indices[i].size()), indices[i].data(), values[i].data(),
                    residuals[i].data(), true, signs[i].data()});
  }
  std::vector<Outcome> results(jobs.size());
  HostMachine(2).launch(static_cast<unsigned>(jobs.size()), SelectSmall<float>{{}, jobs.data(), results.data()});
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    INFO("N = " << sums[i].size());
    CHECK(results[i].selected == indices[i].size());
    CHECK(results[i].non_finite == 0);
    const Run run{indices[i], values[i], residuals[i], signs[i], results[i], {}};
    check_run(run, sums[i], indices[i].size());
  }
}

// Hidden, for it takes a minute: run as "[huge]".
TEST_CASE("top-k on kernels finds elements beyond 2^31 and 2^32 bytes", "[.huge]") {
  // Memory that is only read costs nothing: all its pages are one page of zeros.
  const std::size_t n = (std::size_t{1} << 31) + 12'345;
  void* const memory =
      ::mmap(nullptr, n * sizeof(float), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  auto* const x = static_cast<float*>(memory);
  const std::vector<std::uint32_t> places{7, (1U << 30) + 1, (1U << 31) - 1, 1U << 31, (1U << 31) + 12'344};
  for (const std::uint32_t place : places) x[place] = -1;
  constexpr std::size_t k = 6;  // one more than there are: the first zero
  std::vector<std::byte> room(TopKWorkspace::bytes(n, k) + 256);
  void* start = room.data();
  std::size_t space = room.size();
  Carver carver(std::align(256, room.size() - 256, start, space));
  std::vector<std::uint32_t> indices(k);
  std::vector<float> values(k);
  HostMachine machine(2);
  const TopKWorkspace workspace = TopKWorkspace::carve(carver, n, k);
  workspace.selection.prepare(machine);
  launch_top_k(machine, TopK<float>{nullptr, x, n, k}, workspace,
               {indices.data(), values.data(), nullptr, true, nullptr});
  ::munmap(memory, n * sizeof(float));
  CHECK(indices == std::vector<std::uint32_t>{0, 7, (1U << 30) + 1, (1U << 31) - 1, 1U << 31, (1U << 31) + 12'344});
  CHECK(values == std::vector<float>{0, -1, -1, -1, -1, -1});
}

TEST_CASE("the workspace of top-k is small", "[cuda]") {
  // An index and a value for each of 4 K + 65536 candidates, a segment and a tally (8 bytes each) for each tile of 4096
  // elements, besides some kB.
  const std::size_t n = 345'000'000;
  CHECK(TopKWorkspace::bytes(n, n / 1000) < 8 * (4 * n / 1000 + 65536) + 16 * (n / 4096) + 100'000);
  CHECK(TopKWorkspace::bytes(n, n) < 16 * (n / 4096) + 200'000);
}
