// What only a GPU can show: that the kernels do there what they do on the processor, whatever the order in which its
// threads run. Tests tagged [small] are small enough for compute-sanitizer.

#include <catch2/catch.hpp>
#include <limits>

#include "kernels/cuda/cuda.hpp"
#include "kernels/cuda/cuda_bench.hpp"
#include "tests/kernels/same_bytes.hpp"

using namespace simrun;

namespace {

CudaDevice gpu() {
  return cuda_devices().front();
}

std::shared_ptr<const Primitives> on_gpu() {
  static const std::shared_ptr<const Primitives> primitives = make_cuda_primitives(gpu());
  return primitives;
}

}  // namespace

TEST_CASE("every codec makes the same bytes on the GPU, small", "[small]") {
  for (const CodecCase& each : codec_cases()) {
    for (const Sample& sample : samples()) {
      for (const std::size_t n : {1U, 33U, 5003U, 70'001U}) check_same_bytes(each, sample, n, (n + 19) / 20, on_gpu());
    }
  }
}

TEST_CASE("every codec makes the same bytes on the GPU, large") {
  for (const CodecCase& each : codec_cases()) {
    for (const Sample& sample : samples()) {
      for (const double density : {1e-4, 1e-3, 0.01, 0.3, 1.0}) {
        constexpr std::size_t n = 3'000'017;
        check_same_bytes(each, sample, n, static_cast<std::size_t>(density * n), on_gpu());
      }
    }
  }
}

TEST_CASE("the GPU gives the same bytes again and again") {
  const std::vector<float> x = normal_values(25'600'000);
  const Pairs expected = make_cpu_primitives(2)->select_largest(x, 25'600);
  for (int i = 0; i < 10; ++i) {
    const Pairs pairs = on_gpu()->select_largest(x, 25'600);
    REQUIRE(pairs.indices == expected.indices);
    REQUIRE(pairs.values == expected.values);
  }
}

TEST_CASE("the GPU reports what is not finite", "[small]") {
  std::vector<float> x = normal_values(100'000);
  x[70'000] = std::numeric_limits<float>::infinity();
  x[80'000] = std::numeric_limits<float>::quiet_NaN();
  for (const char* name : {"top-k", "signs", "sparse-signs"}) {
    INFO(name);
    try {
      find_codec(name)->make({}, on_gpu())->encode(x, 10, {});
      FAIL("accepted");
    } catch (const NonFiniteError& error) {
      CHECK(error.element == 70'000);
    }
  }
}

TEST_CASE("an error of the GPU names the call, and what comes next works") {
  const auto bench = make_cuda_bench(gpu());
  CHECK_THROWS_WITH(bench->time_copy(std::uint64_t{1} << 50), Catch::Contains("cudaMalloc of 1125899906842624 bytes"));
  CHECK(bench->time_copy(1 << 20) > 0);
}
