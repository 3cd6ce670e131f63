// What only a GPU can show: that the kernels do there what they do on the processor, whatever the order in which its
// threads run. Tests tagged [small] are few enough for compute-sanitizer. Processes with different SIMRUN_SHARE go
// through the cases of the longest tests together.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <optional>

#include "kernels/cuda/cuda.hpp"
#include "kernels/cuda/cuda_bench.hpp"
#include "tests/kernels/primitive_cases.hpp"
#include "tests/kernels/same_bytes.hpp"
#include "tests/kernels/share.hpp"
#include "tests/sim/devices/operation_cases.hpp"

using namespace simrun;

namespace {

CudaDevice gpu() {
  return cuda_devices().front();
}

std::shared_ptr<const Primitives> on_gpu() {
  static const std::shared_ptr<const Primitives> primitives = make_cuda_primitives(gpu());
  return primitives;
}

struct Attempt {
  CodecCase codec;
  double density;
};

/// Every codec, with each density where it takes one.
std::vector<Attempt> attempts_at(const std::vector<double>& densities) {
  std::vector<Attempt> attempts;
  for (const CodecCase& each : codec_cases()) {
    const std::size_t count = each.entry->sparsifies ? densities.size() : 1;
    for (std::size_t i = 0; i < count; ++i) attempts.push_back({each, densities[i]});
  }
  return attempts;
}

void check_codecs(const std::vector<Sample>& tried, const std::vector<std::size_t>& sizes,
                  const std::vector<double>& densities) {
  const std::vector<Attempt> attempts = attempts_at(densities);
  const std::size_t cases = tried.size() * sizes.size() * attempts.size();
  const Share share = share_of_this_process();
  std::size_t index = 0;
  for (const Sample& sample : tried) {
    for (const std::size_t n : sizes) {
      std::optional<SameBytesInputs> inputs;
      for (const Attempt& attempt : attempts) {
        if (!share.has(index++, cases)) continue;
        if (!inputs) inputs.emplace(sample, n);
        const auto k = static_cast<std::size_t>(std::ceil(attempt.density * static_cast<double>(n)));
        check_same_bytes(attempt.codec, *inputs, k, on_gpu());
      }
    }
  }
}

}  // namespace

TEST_CASE("every operation of a profile gives on the GPU what the CPU back end gives", "[small]") {
  const auto bench = make_cuda_bench(gpu());
  check_operations([&](const OperationCase& work) { return bench->prepare(work); });
}

// Not for compute-sanitizer: it sees the same kernels with fp32 gradients.
TEST_CASE("operations that read gradients of 16 bits give on the GPU what the CPU back end gives") {
  const auto bench = make_cuda_bench(gpu());
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    INFO(name_of(precision));
    check_operations([&](const OperationCase& work) { return bench->prepare(work); }, precision);
  }
}

TEST_CASE("votes on the GPU, for every number of counters", "[small]") {
  check_votes(*on_gpu());
}

TEST_CASE("products of low rank, and gathering, on the GPU", "[small]") {
  check_low_rank(*on_gpu());
}

TEST_CASE("every codec makes the same bytes on the GPU") {
  check_codecs(samples(), {1, 33, 5003, 70'001}, {0.05});
}

TEST_CASE("every codec makes the same bytes on the GPU, small", "[small]") {
  std::vector<Sample> few;
  for (const Sample& sample : samples())
    if (sample.name == "normal" || sample.name == "mostly zero") few.push_back(sample);
  REQUIRE(few.size() == 2);
  check_codecs(few, {33, 70'001}, {0.05});
}

TEST_CASE("every codec makes the same bytes on the GPU, large", "[large]") {
  check_codecs(samples(), {3'000'017}, {1e-4, 1e-3, 0.01, 0.3, 1});
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
