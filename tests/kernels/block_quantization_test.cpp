// Rounding to nearest in blocks: against plain arithmetic in double, on both back ends.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/layout.hpp"
#include "kernels/layouts/codes.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

struct Quantized {
  std::vector<float> scales;
  std::vector<int> levels;
};

/// By remainders in double: a product of two fp32 numbers is exact there before it is rounded to fp32.
Quantized by_definition(const Rounding& rounding, const std::vector<float>& x) {
  Quantized result{{}, std::vector<int>(x.size())};
  for (std::size_t first = 0; first < x.size(); first += rounding.bucket) {
    const std::size_t last = std::min<std::size_t>(first + rounding.bucket, x.size());
    float largest = 0;
    for (std::size_t i = first; i < last; ++i) largest = std::max(largest, std::abs(x[i]));
    if (largest < std::ldexp(1.0F, -120)) largest = 0;
    largest = std::min(largest, 0x1.fffffp127F);
    result.scales.push_back(largest);
    if (largest == 0) continue;
    const double inverse = static_cast<float>(rounding.levels / static_cast<double>(largest));
    for (std::size_t i = first; i < last; ++i) {
      const double y = static_cast<float>(static_cast<double>(x[i]) * inverse);
      const double low = std::floor(y);
      const bool is_even = std::fmod(low, 2) == 0;
      const bool up = y - low > 0.5 || (y - low == 0.5 && !is_even);
      result.levels[i] = static_cast<int>(low) + (up ? 1 : 0);
    }
  }
  return result;
}

void check_rounds(const Primitives& primitives, const Rounding& rounding, const std::vector<float>& x) {
  const Quantized expected = by_definition(rounding, x);
  std::vector<float> scales(rounding.buckets(x.size()));
  std::vector<std::uint32_t> words(code_words(x.size(), rounding.bits));
  primitives.round_to_nearest(rounding, x, scales, words);
  REQUIRE(scales == expected.scales);
  const std::uint32_t mask = (1U << rounding.bits) - 1;
  for (std::size_t i = 0; i < x.size(); ++i)
    REQUIRE(code_at(words, i, rounding.bits) == (static_cast<std::uint32_t>(expected.levels[i]) & mask));
}

std::shared_ptr<const Primitives> on_kernels() {
  using cuda::HostMachine;
  return std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(2, 5));
}

std::unique_ptr<const Codec> codec_of(int bits, std::uint64_t block) {
  return find_codec("block-quantization")->make({.block = block, .bits = bits}, make_cpu_primitives(1));
}

const std::vector<Rounding> roundings = {{1, 2, 32}, {7, 4, 256}, {15, 5, 64}, {127, 8, 128}, {127, 8, 4096}};

}  // namespace

TEST_CASE("blocks are rounded to the nearest level, on both back ends") {
  for (const Rounding& rounding : roundings) {
    for (const Sample& sample : samples()) {
      for (const std::size_t n : {std::size_t{1}, std::size_t{33}, std::size_t{4097}, std::size_t{9000}}) {
        INFO(rounding.bits << " bits, blocks of " << rounding.bucket << ", " << sample.name << ", N = " << n);
        const std::vector<float> x = sample.make(n);
        check_rounds(*make_cpu_primitives(1), rounding, x);
        check_rounds(*on_kernels(), rounding, x);
      }
    }
  }
}

TEST_CASE("halves between two levels go to the even one, and the largest magnitude is the last level") {
  // Scale 14 with 7 levels: x / 2. Scale 254 with 127 likewise.
  std::vector<float> x(32);
  const std::vector<float> some = {14, -14, 1, 3, 5, -1, -3, -5, 13};
  std::ranges::copy(some, x.begin());
  std::vector<float> out(32);
  const auto codec = codec_of(4, 32);
  codec->decode(codec->encode(x, 0, {}), 1, out, {});
  out.resize(some.size());
  CHECK(out == std::vector<float>{14, -14, 0, 4, 4, 0, -4, -4, 12});
}

TEST_CASE("what decodes is within half a level, and the residual is what is off") {
  for (const int bits : {4, 8}) {
    const auto codec = codec_of(bits, 256);
    const std::vector<float> x = normal_values(10'003);
    const Payload payload = codec->encode(x, 0, {});
    CHECK(parse_again(payload) == payload);
    std::vector<float> sent(x.size()), left = x;
    codec->decode(payload, 1, sent, {});
    codec->settle(payload, left, {});
    const LevelsView view = view_levels(payload);
    const double levels = bits == 4 ? 7 : 127;
    for (std::size_t i = 0; i < x.size(); ++i) {
      REQUIRE(std::abs(x[i] - sent[i]) <= 0.5001 * view.scales[i / 256] / levels);
      REQUIRE(left[i] == x[i] - sent[i]);
    }
  }
}

TEST_CASE("blocks of the least numbers are 0, and those of the largest stay finite") {
  const auto codec = codec_of(8, 32);
  std::vector<float> x(96, 0x1p-121F);
  std::fill(x.begin() + 32, x.begin() + 64, 0x1p-120F);
  std::fill(x.begin() + 64, x.end(), -0x1.fffffep127F);
  std::vector<float> out(96);
  const Payload payload = codec->encode(x, 0, {});
  CHECK(parse_again(payload) == payload);
  codec->decode(payload, 1, out, {});
  CHECK(out[0] == 0);
  CHECK(out[32] == Approx(0x1p-120F));
  CHECK(out[64] == Approx(-0x1.fffffp127F));
}

TEST_CASE("block quantization: bytes are 32 + 4 a block + the bits, in words") {
  CHECK(codec_of(8, 256)->shape(1000, 0, {})->bytes == 32 + 4 * 4 + 1000);
  CHECK(codec_of(4, 256)->shape(1001, 0, {})->bytes == 32 + 4 * 4 + 504);
  CHECK(codec_of(2, 4096)->shape(1000, 0, {})->bytes == 32 + 4 + 252);
}

TEST_CASE("the kernel adds the gradient and takes out what is written in one launch") {
  using namespace cuda;
  for (const Rounding& rounding : roundings) {
    for (const std::size_t n : {std::size_t{3}, std::size_t{9005}}) {
      INFO(rounding.bits << " bits, blocks of " << rounding.bucket << ", N = " << n);
      const std::vector<float> gradient = normal_values(n, 1);
      on_machines([&](HostMachine& machine) {
        const auto terms = uploaded(gradient);
        auto residual = uploaded(normal_values(n, 2));
        std::vector<float> sums = normal_values(n, 2);
        const auto cpu = make_cpu_primitives(1);
        cpu->accumulate(gradient, 1, sums);
        std::vector<float> expected_scales(rounding.buckets(n));
        std::vector<std::uint32_t> expected_words(code_words(n, rounding.bits));
        cpu->round_to_nearest(rounding, sums, expected_scales, expected_words);
        cpu->add_levels(rounding, expected_words, expected_scales, -1, sums);
        HostMachine::Buffer<float> scales(expected_scales.size());
        HostMachine::Buffer<std::uint32_t> words(expected_words.size());
        auto non_finite = uploaded(std::vector<std::uint64_t>{0});
        const std::uint64_t before = machine.launches();
        launch_quantize(machine, Quantization<float>{terms.data(), residual.data(), n, rounding, scales.data(),
                                                     words.data(), non_finite.data()});
        CHECK(machine.launches() == before + 1);
        CHECK(downloaded(non_finite).front() == 0);
        CHECK(downloaded(scales) == expected_scales);
        CHECK(downloaded(words) == expected_words);
        CHECK(downloaded(residual) == sums);
      });
    }
  }
}

TEST_CASE("blocks that kernels do not hold are refused") {
  const std::vector<float> x(64);
  std::vector<std::uint32_t> words(16);
  std::vector<float> scales(2);
  for (const auto& primitives : {on_kernels(), std::shared_ptr<const Primitives>(make_cpu_primitives(1))}) {
    for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{16}, std::uint64_t{48}, std::uint64_t{8192}})
      CHECK_THROWS_AS(primitives->round_to_nearest({127, 8, block}, x, scales, words), std::invalid_argument);
    CHECK_THROWS_AS(primitives->round_to_nearest({127, 8, 64}, x, scales, words), std::invalid_argument);
    CHECK_NOTHROW(primitives->round_to_nearest({127, 8, 32}, x, scales, words));
  }
}
