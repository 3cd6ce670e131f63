#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cuda/dense16.hpp"
#include "kernels/finite.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

using Halves = std::vector<std::uint16_t>;

struct Converted {
  Halves halves;
  NarrowFlaws flaws;
};

Converted convert(HostMachine& machine, const std::vector<float>& x) {
  const auto values = uploaded(x);
  HostMachine::Buffer<std::uint16_t> halves(x.size());
  NarrowFlaws flaws{0, 0};
  launch_to_narrow<Half>(machine, values.data(), halves.data(), x.size(), &flaws);
  return {downloaded(halves), flaws};
}

/// The value of a finite half by its definition.
double value_of(std::uint32_t half) {
  const int exponent = static_cast<int>(half >> 10 & 31U);
  const double fraction = half & 0x3FFU;
  const double magnitude = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024, exponent - 25);
  return (half & 0x8000U) != 0 ? -magnitude : magnitude;
}

/// Nearest by its definition; infinity takes the place of 2^16.
std::uint16_t nearest_half(float x) {
  const double magnitude = std::fabs(static_cast<double>(x));
  const auto value = [](std::uint32_t half) { return half == 0x7C00U ? 65536.0 : value_of(half); };
  std::uint32_t below = 0;
  for (std::uint32_t step = 0x4000U; step > 0; step /= 2) {
    if (below + step <= 0x7C00U && value(below + step) <= magnitude) below += step;
  }
  std::uint32_t half = below;
  if (below < 0x7C00U) {
    const double down = magnitude - value(below);
    const double up = value(below + 1) - magnitude;
    if (up < down || (up == down && below % 2 != 0)) ++half;
  }
  return static_cast<std::uint16_t>(half | (std::signbit(x) ? 0x8000U : 0U));
}

/// What the codec for halves makes; it throws where a value is not finite.
Halves by_codec(const std::vector<float>& x) {
  const auto codec = find_codec("dense")->make({.precision = Precision::fp16}, make_cpu_primitives(1));
  const Payload payload = codec->encode(x, 1, {});
  Halves halves(x.size());
  if (!x.empty()) std::memcpy(halves.data(), payload.bytes().data(), payload.size());
  return halves;
}

/// Every half, its neighbours among floats, and what lies halfway to the next half with its neighbours.
std::vector<float> delicate_values() {
  std::vector<float> x;
  const auto add = [&x](double value) {
    const auto centre = static_cast<float>(value);
    for (const float to : {-1e30F, 1e30F}) x.push_back(std::nextafter(centre, to));
    x.push_back(centre);
  };
  for (std::uint32_t half = 0; half < 0x7C00U; ++half) {
    for (const std::uint32_t sign : {0U, 0x8000U}) {
      add(value_of(half | sign));
      if (half < 0x7BFFU) add((value_of(half | sign) + value_of((half + 1) | sign)) / 2);
    }
  }
  return x;
}

}  // namespace

TEST_CASE("floats become the nearest halves, as the codec makes them", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const Sample& sample : samples()) {
      for (const std::size_t size : {1U, 4U, 4099U}) {
        const std::vector<float> x = sample.make(size);
        INFO(sample.name << ", " << size);
        const Converted converted = convert(machine, x);
        REQUIRE(converted.halves == by_codec(x));
        REQUIRE(converted.flaws.non_finite == 0);
        REQUIRE(converted.flaws.too_large == 0);
      }
    }
  });
  HostMachine machine;
  const std::vector<float> x = delicate_values();
  const Converted converted = convert(machine, x);
  CHECK(converted.halves == by_codec(x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (converted.halves[i] != nearest_half(x[i])) FAIL(x[i] << " becomes " << converted.halves[i]);
  }
}

TEST_CASE("floats of all magnitudes become the nearest halves", "[cuda]") {
  HostMachine machine;
  std::vector<float> x;
  for (std::uint64_t bits = 0; bits < 0xFF800000U; bits += 10'007) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    if (std::isfinite(value)) x.push_back(value);
  }
  const Converted converted = convert(machine, x);
  std::size_t first_too_large = x.size();
  for (std::size_t i = x.size(); i-- > 0;) {
    if (converted.halves[i] != nearest_half(x[i])) FAIL(x[i] << " becomes " << converted.halves[i]);
    if ((converted.halves[i] & 0x7FFFU) == 0x7C00U) first_too_large = i;
  }
  CHECK(converted.flaws.non_finite == 0);
  CHECK(converted.flaws.too_large == ~std::uint64_t{first_too_large});
}

TEST_CASE("the first value that is not finite is found, and the first that halves do not reach", "[cuda]") {
  on_machines([](HostMachine& machine) {
    std::vector<float> x = normal_values(20'001);
    x[777] = 65520;
    x[5000] = std::numeric_limits<float>::infinity();
    x[4000] = std::numeric_limits<float>::quiet_NaN();
    x[20'000] = -std::numeric_limits<float>::quiet_NaN();
    const Converted converted = convert(machine, x);
    REQUIRE(converted.flaws.non_finite == ~std::uint64_t{4000});
    REQUIRE(converted.flaws.too_large == ~std::uint64_t{777});
    REQUIRE(converted.halves[777] == 0x7C00);
    REQUIRE(converted.halves[5000] == 0x7C00);
    REQUIRE(converted.halves[4000] == 0x7E00);
    REQUIRE(converted.halves[20'000] == 0x7E00);
  });
}

TEST_CASE("adding halves gives what the codec gives", "[cuda]") {
  on_machines([](HostMachine& machine) {
    for (const std::size_t size : {0U, 1U, 4U, 7U, 30'002U}) {
      for (const float weight : {1.0F, -0.3F}) {
        const Halves halves = by_codec(normal_values(size, 3));
        std::vector<float> expected = normal_values(size, 4);
        auto out = uploaded(expected);
        for (std::size_t i = 0; i < size; ++i) {
          const float product = weight * static_cast<float>(value_of(halves[i]));
          expected[i] += product;
        }
        const auto added = uploaded(halves);
        launch_add_narrow<Half>(machine, added.data(), weight, out.data(), size);
        REQUIRE(downloaded(out) == expected);
      }
    }
  });
}

TEST_CASE("every half that is not a NaN has its value", "[cuda]") {
  for (std::uint32_t half = 0; half < 0x10000U; ++half) {
    const std::uint32_t magnitude = half & 0x7FFFU;
    if (magnitude > 0x7C00U) {
      REQUIRE(std::isnan(float_of_half(static_cast<std::uint16_t>(half))));
    } else if (magnitude == 0x7C00U) {
      REQUIRE(std::isinf(float_of_half(static_cast<std::uint16_t>(half))));
    } else {
      const auto expected = static_cast<float>(value_of(half));
      const float value = float_of_half(static_cast<std::uint16_t>(half));
      REQUIRE(std::bit_cast<std::uint32_t>(value) == std::bit_cast<std::uint32_t>(expected));
    }
  }
}

TEST_CASE("sums of halves are those of the CPU back end, infinities and NaNs too", "[cuda]") {
  on_machines([](HostMachine& machine) {
    Halves sum = by_codec(normal_values(5003, 5));
    Halves terms = by_codec(normal_values(5003, 6));
    sum[1] = 0x7BFF;  // the largest half, twice: beyond the range
    terms[1] = 0x7BFF;
    sum[2] = 0x7C00;  // inf - inf
    terms[2] = 0xFC00;
    sum[3] = 0xFE01;  // a NaN
    sum[4] = 0x0001;  // least denormal, twice
    terms[4] = 0x0001;
    Halves expected = sum;
    make_cpu_primitives(1)->accumulate_narrow(Precision::fp16, terms, expected);
    auto on_device = uploaded(sum);
    launch_accumulate_narrow<Half>(machine, uploaded(terms).data(), on_device.data(), sum.size());
    REQUIRE(downloaded(on_device) == expected);
    REQUIRE(expected[1] == 0x7C00);
    REQUIRE(expected[2] == 0x7E00);
    REQUIRE(expected[4] == 0x0002);
  });
}
