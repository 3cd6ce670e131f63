// bfloat16 on both back ends: against its definition, and at the ends of its range.

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "kernels/cuda/kernel_primitives.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Narrow = std::vector<std::uint16_t>;

constexpr std::uint16_t infinity_bits = 0x7F80;
constexpr std::uint16_t nan_bits = 0x7FC0;

std::shared_ptr<const Primitives> on_kernels() {
  using cuda::HostMachine;
  return std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(2, 3));
}

void on_both(const std::function<void(const Primitives&)>& check) {
  check(*make_cpu_primitives(3));
  check(*on_kernels());
}

/// By its definition: 8 bits of significand, exponents from -126 on, nearbyint takes the even one of two.
std::uint16_t nearest(float x) {
  const double value = static_cast<double>(x);
  const int exponent = x == 0 ? -126 : std::max(std::ilogb(value), -126);
  const double ulp = std::ldexp(1, exponent - 7);
  const double rounded = std::nearbyint(value / ulp) * ulp;
  if (std::abs(rounded) >= std::ldexp(1, 128)) return static_cast<std::uint16_t>(infinity_bits | (x < 0 ? 0x8000 : 0));
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(rounded)) >> 16);
}

float value_of(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// Every value but those that are none, what lies half-way to the next, and what lies beside that, with both signs.
std::vector<float> where_rounding_changes() {
  std::vector<float> x;
  for (std::uint32_t bits = 0; bits < infinity_bits - 1U; ++bits) {
    for (const std::uint32_t rest : {0U, 0x7FFFU, 0x8000U, 0x8001U}) {
      const float value = std::bit_cast<float>(bits << 16 | rest);
      x.insert(x.end(), {value, -value});
    }
  }
  return x;
}

}  // namespace

TEST_CASE("bf16 rounds to nearest, ties to even, wherever that changes") {
  const std::vector<float> x = where_rounding_changes();
  on_both([&](const Primitives& on) {
    Narrow bits(x.size());
    on.narrow(Precision::bf16, x, bits);
    for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(bits[i] == nearest(x[i]));
    std::vector<float> back(x.size());
    on.add_narrow(Precision::bf16, bits, 1, back);
    for (std::size_t i = 0; i < x.size(); ++i) REQUIRE(back[i] == value_of(bits[i]));
  });
}

TEST_CASE("bf16 refuses what is not finite or becomes so, and names the lowest") {
  const float largest = 0x1.fep127F;
  const float beyond = 0x1.ffp127F;  // half-way to 2^128, whose significand is even
  on_both([&](const Primitives& on) {
    Narrow bits(5000);
    for (const float bad : {beyond, -beyond, std::numeric_limits<float>::infinity(), std::nanf("")}) {
      std::vector<float> x(5000, largest);
      x[4001] = x[777] = bad;
      try {
        on.narrow(Precision::bf16, x, bits);
        FAIL("accepted");
      } catch (const NonFiniteError& error) {
        CHECK(error.element == 777);
      }
    }
    std::vector<float> x(5000, std::nextafter(beyond, 0.0F));
    on.narrow(Precision::bf16, x, bits);
    CHECK(bits == Narrow(5000, 0x7F7F));
    CHECK_THROWS_AS(on.narrow(Precision::fp32, x, bits), std::invalid_argument);
    Narrow shorter(4999);
    CHECK_THROWS_AS(on.narrow(Precision::bf16, x, shorter), std::invalid_argument);
    CHECK_THROWS_AS(on.add_narrow(Precision::bf16, shorter, 1, x), std::invalid_argument);
    CHECK_THROWS_AS(on.accumulate_narrow(Precision::bf16, shorter, bits), std::invalid_argument);
  });
}

TEST_CASE("sums of bf16 are added in fp32 and rounded, to infinity where they must") {
  const std::vector<float> a = normal_values(5003, 1);
  const std::vector<float> b = normal_values(5003, 2);
  on_both([&](const Primitives& on) {
    Narrow sum(a.size());
    Narrow terms(b.size());
    on.narrow(Precision::bf16, a, sum);
    on.narrow(Precision::bf16, b, terms);
    sum[1] = terms[1] = 0x7F7F;  // the largest number, twice
    sum[2] = infinity_bits;      // inf - inf
    terms[2] = 0xFF80;
    sum[3] = 0xFF81;  // a NaN
    Narrow expected(sum.size());
    for (std::size_t i = 0; i < sum.size(); ++i)
      expected[i] = i == 2 || i == 3 ? nan_bits : nearest(value_of(sum[i]) + value_of(terms[i]));
    expected[1] = infinity_bits;
    on.accumulate_narrow(Precision::bf16, terms, sum);
    CHECK(sum == expected);
    std::vector<float> out = a;
    on.add_narrow(Precision::bf16, terms, -0.3F, out);
    for (std::size_t i = 3; i < out.size(); ++i) REQUIRE(out[i] == a[i] + -0.3F * value_of(terms[i]));
  });
}

TEST_CASE("golden bytes of dense values in bf16") {
  // The upper halves of 0.5, 0x3F000000; -3, 0xC0400000; 1 + 2^-7 + 2^-8, 0x3F818000, whose neighbour with an even last
  // bit is the upper one.
  const auto codec = find_codec("dense")->make({.precision = Precision::bf16}, make_cpu_primitives(1));
  const Payload payload = codec->encode(std::vector<float>{0.5F, -3, 1.01171875F}, 1, {});
  const std::byte expected[] = {std::byte{0x00}, std::byte{0x3F}, std::byte{0x40},
                                std::byte{0xC0}, std::byte{0x82}, std::byte{0x3F}};
  CHECK(std::ranges::equal(payload.bytes(), expected));
  CHECK(payload.kind() == PayloadKind::dense_bf16);
}
