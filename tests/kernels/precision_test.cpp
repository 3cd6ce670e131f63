#include "kernels/precision.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cuda/gradient.hpp"

using namespace simrun;

namespace {

/// A binary floating-point format, in IEEE 754's words.
struct Format {
  int precision;  ///< bits of a significand, the leading one included
  int least;      ///< exponent of the smallest normal number
  double most;    ///< what is at least half an ulp above the largest number
};

Format format_of(Precision precision) {
  if (precision == Precision::fp16) return {11, -14, 65520};
  return {8, -126, std::ldexp(511, 119)};
}

/// A multiple of the distance between neighbours where x lies, the nearest; nearbyint takes the even one of two.
double nearest(double x, const Format& format) {
  if (!std::isfinite(x)) return x;
  if (std::abs(x) >= format.most) return std::copysign(std::numeric_limits<double>::infinity(), x);
  const int exponent = x == 0 ? format.least : std::max(std::ilogb(x), format.least);
  const double ulp = std::ldexp(1, exponent - format.precision + 1);
  return std::nearbyint(x / ulp) * ulp;
}

/// All exponents, and mantissas about the places where either format rounds.
std::vector<float> samples() {
  std::vector<float> x = {0.0F, -0.0F, std::numeric_limits<float>::infinity(), 65519.996F, 65520.0F, 3.4e38F};
  std::mt19937 random(1);
  for (std::uint32_t exponent = 0; exponent < 255; ++exponent) {
    for (const unsigned kept : {10U, 7U}) {
      const std::uint32_t half = 1U << (22 - kept);
      for (int i = 0; i < 8; ++i) {
        const std::uint32_t mantissa = (static_cast<std::uint32_t>(random()) & 0x7FFFFFU) & ~(2 * half - 1);
        for (const std::uint32_t rest : {0U, 1U, half - 1, half, half + 1, 2 * half - 1})
          x.push_back(std::bit_cast<float>(exponent << 23 | mantissa | rest));
      }
    }
  }
  const std::size_t positive = x.size();
  for (std::size_t i = 0; i < positive; ++i) x.push_back(-x[i]);
  return x;
}

}  // namespace

TEST_CASE("gradients are rounded to the nearest value of their precision, ties to even") {
  const std::vector<float> x = samples();
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    std::vector<float> rounded = x;
    round_to(precision, rounded);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto expected = static_cast<float>(nearest(x[i], format_of(precision)));
      if (std::bit_cast<std::uint32_t>(rounded[i]) != std::bit_cast<std::uint32_t>(expected))
        FAIL(name_of(precision) << " of " << std::hexfloat << x[i] << ": " << rounded[i] << ", not " << expected);
    }
    std::vector<float> again = rounded;
    round_to(precision, again);
    CHECK(again == rounded);
  }
  std::vector<float> same = x;
  round_to(Precision::fp32, same);
  CHECK(same == x);
}

TEST_CASE("16 bits of a gradient are those of its rounded values") {
  const std::vector<float> x = samples();
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    std::vector<float> rounded = x;
    round_to(precision, rounded);
    const std::vector<std::uint16_t> bits = narrowed(precision, x);
    REQUIRE(bits.size() == x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float value =
          precision == Precision::fp16 ? cuda::widened(cuda::Half{bits[i]}) : cuda::widened(cuda::BFloat16{bits[i]});
      if (std::bit_cast<std::uint32_t>(value) != std::bit_cast<std::uint32_t>(rounded[i]))
        FAIL(name_of(precision) << " of " << std::hexfloat << x[i] << ": " << value << ", not " << rounded[i]);
    }
  }
}

TEST_CASE("a gradient that is no number stays none, whatever its precision") {
  for (const Precision precision : {Precision::fp16, Precision::bf16}) {
    for (const std::uint32_t bits : {0x7F800001U, 0x7FFFFFFFU, 0xFFC00000U}) {
      std::vector<float> x(9, std::bit_cast<float>(bits));
      round_to(precision, x);
      for (const float value : x) CHECK(std::isnan(value));
    }
  }
}
