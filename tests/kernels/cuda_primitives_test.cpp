// The array operations on kernels as HostMachine runs them, against the CPU back end.

#include <limits>

#include "kernels/cuda/host_machine.hpp"
#include "kernels/cuda/kernel_primitives.hpp"
#include "tests/kernels/same_bytes.hpp"

using namespace simrun;

namespace {

std::shared_ptr<const Primitives> on_kernels(unsigned threads, unsigned seed) {
  using cuda::HostMachine;
  return std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(threads, seed));
}

}  // namespace

TEST_CASE("every codec makes the same bytes on kernels", "[cuda]") {
  for (const Sample& sample : samples()) {
    for (const std::size_t n : {1U, 33U, 1003U, 40'003U}) {
      const SameBytesInputs inputs(sample, n);
      for (const CodecCase& each : codec_cases()) {
        check_same_bytes(each, inputs, (n + 19) / 20, on_kernels(2, static_cast<unsigned>(n)));
      }
    }
  }
}

TEST_CASE("kernels report the first element that is not finite", "[cuda]") {
  std::vector<float> x = normal_values(40'000);
  x[20'000] = std::numeric_limits<float>::infinity();
  x[30'000] = std::numeric_limits<float>::quiet_NaN();
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.entry->make(each.options, on_kernels(2, 1));
    if (codec->kind() == PayloadKind::dense32) continue;  // sent as it is
    try {
      codec->encode(x, 10, {});
      FAIL("accepted");
    } catch (const NonFiniteError& error) {
      CHECK(error.element == 20'000);
    }
  }
}

TEST_CASE("kernels refuse arrays that do not fit together", "[cuda]") {
  const auto kernels = on_kernels(1, 1);
  std::vector<float> x(40);
  std::vector<float> shorter(39);
  std::vector<std::uint32_t> words(1);
  std::vector<std::uint16_t> halves(39);
  CHECK_THROWS_AS(kernels->select_largest(x, 0), std::invalid_argument);
  CHECK_THROWS_AS(kernels->select_largest(x, 41), std::invalid_argument);
  CHECK_THROWS_AS(kernels->pack_signs(x, words), std::invalid_argument);
  CHECK_THROWS_AS(kernels->add_signs(words, 1, -1, x), std::invalid_argument);
  CHECK_THROWS_AS(kernels->accumulate(shorter, 1, x), std::invalid_argument);
  CHECK_THROWS_AS(kernels->narrow(Precision::fp16, x, halves), std::invalid_argument);
  CHECK_THROWS_AS(kernels->add_narrow(Precision::fp16, halves, 1, x), std::invalid_argument);
  CHECK_THROWS_AS(kernels->vote({}, words), std::invalid_argument);
}
