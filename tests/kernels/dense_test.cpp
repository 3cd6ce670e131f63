#include <catch2/catch.hpp>
#include <cmath>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::unique_ptr<const Codec> dense16() {
  return find_codec("dense")->make({.precision = Precision::fp16}, make_cpu_primitives(1));
}

std::vector<float> rounded(const std::vector<float>& x) {
  std::vector<float> out(x.size());
  dense16()->decode(dense16()->encode(x, 1, {}), 1, out, {});
  return out;
}

}  // namespace

TEST_CASE("fp16 rounds to nearest, ties to even") {
  // From 1 to 2 the steps are 2^-10. 1 + 2^-11 and 1 + 3 x 2^-11 lie halfway; their even neighbours are 1 and 1 + 2^-9.
  const float half_step = std::ldexp(1.0F, -11);
  CHECK(rounded({1 + half_step, 1 + 3 * half_step, 1 + 1.01F * half_step}) ==
        std::vector<float>{1, 1 + 4 * half_step, 1 + 2 * half_step});
  // The smallest value is 2^-24; half of it ties with 0, which is even.
  CHECK(rounded({std::ldexp(1.0F, -24), std::ldexp(1.0F, -25), std::ldexp(1.5F, -25)}) ==
        std::vector<float>{std::ldexp(1.0F, -24), 0, std::ldexp(1.0F, -24)});
}

TEST_CASE("a value that fp16 cannot hold is refused") {
  // The largest value is 65504; 65520 lies halfway to the next power of two and rounds to infinity.
  CHECK(rounded({65504, -65519}) == std::vector<float>{65504, -65504});
  CHECK_THROWS_AS(rounded({0, 65520}), NonFiniteError);
  CHECK_THROWS_AS(rounded({0, -1e30F}), NonFiniteError);
}

TEST_CASE("dense payloads are added in order") {
  // In fp32, (2^24 + 1) + 1 = 2^24, but (1 + 1) + 2^24 = 2^24 + 2.
  const auto codec = find_codec("dense")->make({}, make_cpu_primitives(1));
  const float big = 16777216;
  const Payload a = codec->encode(std::vector<float>{big, 1}, 1, {});
  const Payload b = codec->encode(std::vector<float>{1, 1}, 1, {});
  const Payload c = codec->encode(std::vector<float>{1, big}, 1, {});
  CHECK(codec->aggregator()->combine(std::vector{a, b, c}) == codec->encode(std::vector<float>{big, big + 2}, 1, {}));
}

TEST_CASE("fp16 payloads are added in fp32 and rounded after each addition") {
  // From 2048 the steps are 2: 2048 + 1 ties to 2048, twice. 2048 + 3 ties to 2052.
  const auto codec = dense16();
  const auto of = [&](float x, float y) { return codec->encode(std::vector<float>{x, y}, 1, {}); };
  CHECK(codec->aggregator()->combine(std::vector{of(2048, 2048), of(1, 3), of(1, 0)}) == of(2048, 2052));
}
