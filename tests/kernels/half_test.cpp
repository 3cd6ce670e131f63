// Half precision against its definition: every value, and every place where rounding changes.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Halves = std::vector<std::uint16_t>;

constexpr std::uint16_t infinity_bits = 0x7C00;
constexpr std::uint16_t nan_bits = 0x7E00;
constexpr std::uint16_t sign = 0x8000;

/// The value of half-precision bits: 1 sign, 5 exponent, 10 mantissa.
double value_of(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 1023;
  const double magnitude = exponent == 0    ? std::ldexp(mantissa, -24)
                           : exponent == 31 ? (mantissa == 0 ? std::numeric_limits<double>::infinity() : NAN)
                                            : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

/// Every magnitude, ascending; the last one, in place of infinity, is what the next exponent would hold.
const std::vector<double>& magnitudes() {
  static const std::vector<double> all = [] {
    std::vector<double> values;
    for (std::uint16_t bits = 0; bits < infinity_bits; ++bits) values.push_back(value_of(bits));
    values.push_back(65536);
    return values;
  }();
  return all;
}

/// The nearest half-precision value; of two, the one with even bits.
std::uint16_t nearest(double x) {
  if (std::isnan(x)) return nan_bits;
  const std::uint16_t with_sign = std::signbit(x) ? sign : 0;
  const double magnitude = std::abs(x);
  if (magnitude >= 65536) return with_sign | infinity_bits;
  const auto above = std::upper_bound(magnitudes().begin(), magnitudes().end(), magnitude);
  const auto low = static_cast<std::uint16_t>(above - magnitudes().begin() - 1);
  const double to_low = magnitude - magnitudes()[low];
  const double to_high = *above - magnitude;
  const bool up = to_high < to_low || (to_high == to_low && low % 2 == 1);
  return with_sign | static_cast<std::uint16_t>(low + (up ? 1 : 0));
}

/// Each finite value, what lies halfway to the next one, and the fp32 values beside both, with both signs.
std::vector<float> where_rounding_changes() {
  std::vector<float> x;
  for (std::size_t i = 0; i + 1 < magnitudes().size(); ++i) {
    for (const double at : {magnitudes()[i], (magnitudes()[i] + magnitudes()[i + 1]) / 2}) {
      const auto exact = static_cast<float>(at);
      for (const float value : {exact, std::nextafter(exact, 0.0F), std::nextafter(exact, 1e9F)}) {
        x.push_back(value);
        x.push_back(-value);
      }
    }
  }
  return x;
}

Halves all_halves() {
  Halves all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  return all;
}

Halves to_half(const std::vector<float>& x, unsigned threads = 1) {
  Halves out(x.size());
  make_cpu_primitives(threads)->narrow(Precision::fp16, x, out);
  return out;
}

Halves summed(const Halves& a, const Halves& b, unsigned threads = 1) {
  Halves sum = a;
  make_cpu_primitives(threads)->accumulate_narrow(Precision::fp16, b, sum);
  return sum;
}

std::vector<float> added(const Halves& values, float weight, std::vector<float> out, unsigned threads = 1) {
  make_cpu_primitives(threads)->add_narrow(Precision::fp16, values, weight, out);
  return out;
}

}  // namespace

TEST_CASE("to_half rounds to the nearest value, ties to even") {
  std::vector<float> x = where_rounding_changes();
  for (const float tiny : {1e-45F, 1e-40F, 1e-30F, 0.0F, -0.0F}) x.push_back(tiny);
  std::erase_if(x, [](float value) { return std::abs(value) >= 65520; });
  const Halves halves = to_half(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (halves[i] != nearest(static_cast<double>(x[i]))) FAIL(x[i] << " became " << halves[i]);
  }
  // In threes, which are too few for vector instructions.
  Halves in_threes(x.size());
  const auto primitives = make_cpu_primitives(1);
  for (std::size_t i = 0; i + 3 <= x.size(); i += 3) {
    primitives->narrow(Precision::fp16, std::span(x).subspan(i, 3), std::span(in_threes).subspan(i, 3));
  }
  CHECK(std::equal(halves.begin(), halves.end() - 3, in_threes.begin()));
}

TEST_CASE("to_half names the lowest value that is not finite or too large") {
  constexpr std::size_t n = 200'003;
  for (const float bad : {65520.0F, -65520.0F, 1e30F, INFINITY, -INFINITY, NAN}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{12}, n / 2, n - 1}) {
      std::vector<float> x = normal_values(n);
      x[at] = bad;
      x[n - 1] = bad;
      try {
        to_half(x, 3);
        FAIL("no exception");
      } catch (const NonFiniteError& error) {
        CHECK(error.element == at);
      }
    }
  }
  CHECK(to_half({65519.996F, -65519.996F}) == Halves{0x7BFF, 0xFBFF});
}

TEST_CASE("add_half adds the weighted value of every half") {
  const Halves all = all_halves();
  for (const float weight : {1.0F, -1.0F, 0.3F}) {
    const std::vector<float> before = normal_values(all.size());
    const std::vector<float> after = added(all, weight, before);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto value = static_cast<float>(value_of(all[i]));
      const float product = weight * value;
      const float expected = before[i] + product;
      if (std::isnan(expected) ? !std::isnan(after[i]) : after[i] != expected) FAIL("half " << all[i]);
    }
  }
}

TEST_CASE("accumulate_half adds in fp32 and rounds, to infinity where it must") {
  // Every half with others of like size, of any size, and with itself.
  std::mt19937 random(21);
  const Halves all = all_halves();
  for (const int round : {0, 1, 2, 3}) {
    Halves other = all;
    for (std::uint16_t& bits : other) {
      if (round == 1) bits = static_cast<std::uint16_t>(bits ^ sign);
      if (round == 2) bits = static_cast<std::uint16_t>(random());
      if (round == 3) bits = static_cast<std::uint16_t>(bits + random() % 4096 - 2048);
    }
    const Halves sum = summed(all, other);
    for (std::size_t i = 0; i < all.size(); ++i) {
      // Two values of 11 bits and exponents up to 30 apart: their sum is exact in fp64, fp32 may round it first.
      const auto exact = static_cast<float>(value_of(all[i]) + value_of(other[i]));
      if (sum[i] != nearest(static_cast<double>(exact))) FAIL(all[i] << " + " << other[i] << " = " << sum[i]);
    }
  }
}

TEST_CASE("half-precision operations do not depend on position, length or threads") {
  constexpr std::size_t n = 200'003;
  const std::vector<float> x = normal_values(n, 22);
  const Halves halves = to_half(x);
  const Halves others = to_half(normal_values(n, 23));
  for (const unsigned threads : {2U, 3U, 7U}) {
    CHECK(to_half(x, threads) == halves);
    CHECK(added(halves, 0.3F, x, threads) == added(halves, 0.3F, x));
    CHECK(summed(halves, others, threads) == summed(halves, others));
  }
  for (std::size_t size = 0; size < 40; ++size) {
    for (const std::size_t begin : {0, 1, 7}) {
      const auto part = [&](const auto& all) { return std::decay_t<decltype(all)>(&all[begin], &all[begin + size]); };
      CHECK(to_half(part(x)) == part(halves));
      CHECK(added(part(halves), 0.3F, part(x)) == part(added(halves, 0.3F, x)));
      CHECK(summed(part(halves), part(others)) == part(summed(halves, others)));
    }
  }
}

TEST_CASE("accumulate weighs and adds, on any number of threads") {
  constexpr std::size_t n = 200'003;
  const std::vector<float> gradient = normal_values(n, 24);
  const std::vector<float> residual = normal_values(n, 25);
  for (const float weight : {1.0F, 0.9F}) {
    std::vector<float> expected(n);
    for (std::size_t i = 0; i < n; ++i) {
      const volatile float product = weight * residual[i];
      expected[i] = product + gradient[i];
    }
    for (const unsigned threads : {1U, 2U, 3U, 7U}) {
      std::vector<float> sum = residual;
      make_cpu_primitives(threads)->accumulate(gradient, weight, sum);
      CHECK(sum == expected);
    }
  }
}

TEST_CASE("dense operations refuse arrays of different sizes") {
  const auto primitives = make_cpu_primitives(1);
  std::vector<float> floats(3);
  Halves halves(4);
  CHECK_THROWS_AS(primitives->accumulate(std::vector<float>(4), 1, floats), std::invalid_argument);
  CHECK_THROWS_AS(primitives->narrow(Precision::fp16, floats, halves), std::invalid_argument);
  CHECK_THROWS_AS(primitives->add_narrow(Precision::fp16, halves, 1, floats), std::invalid_argument);
  CHECK_THROWS_AS(primitives->accumulate_narrow(Precision::fp16, Halves(3), halves), std::invalid_argument);
}
