// Levels that are added up: rounded again by whoever adds, or whole numbers of scales that all workers have alike.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/byte_view.hpp"
#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/error_feedback.hpp"
#include "kernels/layout.hpp"
#include "kernels/layouts/codes.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::shared_ptr<const Primitives> on_kernels() {
  using cuda::HostMachine;
  return std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(2, 9));
}

std::unique_ptr<const Codec> codec_of(const char* name, const CodecOptions& options,
                                      std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1)) {
  return find_codec(name)->make(options, std::move(primitives));
}

std::vector<float> decoded(const Codec& codec, const Payload& payload, const RoundContext& context = {}) {
  std::vector<float> out(payload.elements());
  codec.decode(payload, 1, out, context);
  return out;
}

int number_at(std::span<const std::uint32_t> words, std::size_t i, unsigned bits) {
  return static_cast<std::int32_t>(code_at(words, i, bits) << (32 - bits)) >> (32 - bits);
}

/// The two rounds of a step of several workers.
struct SharedScales {
  CodecOptions options;
  std::vector<std::vector<float>> gradients;
  std::vector<Payload> scales;  ///< what the first round gave
  std::vector<Payload> sent = {};

  SharedScales(int bits, std::uint64_t block, std::size_t workers, std::size_t n)
      : options{.block = block, .bits = bits, .requantizes = false} {
    const auto maxima = codec_of("block-maxima", options);
    std::vector<Payload> parts;
    for (unsigned w = 0; w < workers; ++w) {
      gradients.push_back(normal_values(n, w));
      parts.push_back(maxima->encode(gradients.back(), 0, {}));
    }
    scales = {maxima->aggregator()->combine(parts)};
    const auto codec = codec_of("levels-at-scales", options);
    for (unsigned w = 0; w < workers; ++w) sent.push_back(codec->encode(gradients[w], 0, context(w)));
  }

  RoundContext context(std::uint64_t seed = 0) const {
    return {.seed = seed, .previous = scales, .workers = gradients.size()};
  }
};

}  // namespace

TEST_CASE("a sum of levels is what the sum of what they stand for is rounded to, on both back ends") {
  for (const int bits : {8, 4}) {
    for (const std::uint64_t block : {32U, 256U}) {
      const CodecOptions options{.block = block, .bits = bits};
      const auto codec = codec_of("requantized-levels", options);
      const auto rounds = codec_of("block-quantization", options);
      const Payload parts[] = {codec->encode(normal_values(1003, 1), 0, {}),
                               codec->encode(normal_values(1003, 2), 0, {}),
                               codec->encode(normal_values(1003, 3), 0, {})};
      CHECK(parts[0] == rounds->encode(normal_values(1003, 1), 0, {}));
      std::vector<float> sum(1003);
      for (const Payload& part : parts) codec->decode(part, 1, sum, {});
      const Payload result = codec->aggregator()->combine(parts);
      CHECK(result == rounds->encode(sum, 0, {}));
      CHECK(result == codec_of("requantized-levels", options, on_kernels())->aggregator()->combine(parts));
      // Half a level of the block's largest sum.
      const std::vector<float> rounded = decoded(*codec, result);
      for (std::size_t i = 0; i < 1003; ++i) {
        const std::size_t first = i / block * block;
        float largest = 0;
        for (std::size_t j = first; j < std::min<std::size_t>(first + block, 1003); ++j)
          largest = std::max(largest, std::abs(sum[j]));
        REQUIRE(std::abs(rounded[i] - sum[i]) <= 0.5001F * largest / static_cast<float>((1 << (bits - 1)) - 1));
      }
    }
  }
}

TEST_CASE("a sum of levels that is dense is that of what they stand for, rounded once") {
  for (const Precision precision : {Precision::fp32, Precision::fp16, Precision::bf16}) {
    const CodecOptions options{.precision = precision, .block = 32, .bits = 4};
    const auto codec = codec_of("summed-levels", options);
    std::vector<Payload> parts;
    std::vector<float> sum(1003);
    for (unsigned worker = 0; worker < 3; ++worker) {
      const std::vector<float> x = normal_values(1003, worker);
      parts.push_back(codec->encode(x, 0, {}));
      CHECK(parts.back() == codec_of("block-quantization", options)->encode(x, 0, {}));
      codec->decode(parts.back(), 1, sum, {});
    }
    const Payload result = codec->aggregator()->combine(parts);
    CHECK(result == codec_of("dense", options)->encode(sum, 0, {}));
    CHECK(result == codec_of("summed-levels", options, on_kernels())->aggregator()->combine(parts));
    const std::vector<float> rounded = decoded(*codec, result);
    std::vector<float> expected(1003);
    codec_of("dense", options)->decode(result, 1, expected, {});
    CHECK(rounded == expected);
    parts[1] = parts[1].without_contents();
    CHECK(codec->aggregator()->combine(parts) == result.without_contents());
  }
  // 60,000 twice is beyond fp16.
  const auto codec = codec_of("summed-levels", {.precision = Precision::fp16});
  const Payload large = codec->encode(std::vector<float>(9, 60'000.0F), 0, {});
  CHECK_THROWS_AS(codec->aggregator()->combine(std::vector{large, large}), NonFiniteError);
}

TEST_CASE("whole numbers are added up in any number of bits") {
  for (unsigned bits = 2; bits <= 8; ++bits) {
    const auto most = static_cast<int>((1U << (bits - 1)) - 1);
    std::vector<std::uint32_t> a(code_words(1003, bits));
    std::vector<std::uint32_t> b(a.size());
    const auto put = [&](std::vector<std::uint32_t>& words, std::size_t i, int number) {
      for (unsigned bit = 0; bit < bits; ++bit)
        words[(i * bits + bit) / 32] |= (static_cast<unsigned>(number) >> bit & 1U) << (i * bits + bit) % 32;
    };
    std::vector<int> sums;
    for (int i = 0; i < 1003; ++i) {
      const int x = i % (2 * most + 1) - most;
      const int y = std::clamp(i * 7 % (2 * most + 1) - most, -most - std::min(x, 0), most - std::max(x, 0));
      put(a, static_cast<std::size_t>(i), x);
      put(b, static_cast<std::size_t>(i), y);
      sums.push_back(x + y);
    }
    add_integers(b, 1003, bits, a);
    for (std::size_t i = 0; i < sums.size(); ++i) REQUIRE(number_at(a, i, bits) == sums[i]);
  }
}

TEST_CASE("shared scales: the largest magnitude of a block of all workers, and sums that are exact") {
  for (const auto& [bits, workers, levels] : {std::tuple(8, 3U, 42), std::tuple(8, 1U, 127), std::tuple(4, 7U, 1)}) {
    INFO(bits << " bits, " << workers << " workers");
    const SharedScales step(bits, 64, workers, 1003);
    const auto scales = view_as<float>(step.scales.front().bytes());
    REQUIRE(scales.size() == 16);
    for (std::size_t b = 0; b < scales.size(); ++b) {
      float largest = 0;
      for (const auto& gradient : step.gradients) {
        for (std::size_t i = 64 * b; i < std::min<std::size_t>(64 * b + 64, 1003); ++i)
          largest = std::max(largest, std::abs(gradient[i]));
      }
      CHECK(scales[b] == largest);
    }
    const auto codec = codec_of("levels-at-scales", step.options);
    const Payload sum = codec->aggregator()->combine(step.sent);
    CHECK(sum.size() == 32 + code_bytes(1003, static_cast<unsigned>(bits)));
    CHECK(parse_again(sum) == sum);
    CHECK(shortened(extended(sum, 1280), 1003) == sum);  // with zeros behind
    CHECK(extended(sum, 1280).size() == 32 + code_bytes(1280, static_cast<unsigned>(bits)));
    std::vector<int> numbers(1003);
    for (std::size_t w = 0; w < step.sent.size(); ++w) {
      const std::vector<float> own = decoded(*codec, step.sent[w], step.context());
      for (std::size_t i = 0; i < 1003; ++i) {
        const int number = number_at(view_integers(step.sent[w]), i, static_cast<unsigned>(bits));
        REQUIRE(std::abs(number) <= levels);
        REQUIRE(std::abs(own[i] - step.gradients[w][i]) <= 1.0001F * scales[i / 64] / static_cast<float>(levels));
        numbers[i] += number;
      }
    }
    const std::vector<float> all = decoded(*codec, sum, step.context());
    for (std::size_t i = 0; i < 1003; ++i) {
      REQUIRE(number_at(view_integers(sum), i, static_cast<unsigned>(bits)) == numbers[i]);
      const float unit = scales[i / 64] / static_cast<float>(levels);
      REQUIRE(all[i] == unit * static_cast<float>(numbers[i]));
    }
  }
  const SharedScales step(4, 64, 7, 100);
  RoundContext eight = step.context();
  eight.workers = 8;
  CHECK_THROWS_AS(codec_of("levels-at-scales", step.options)->encode(step.gradients[0], 0, eight),
                  std::invalid_argument);
  CHECK(levels_in_sum(8, 127) == 1);
  CHECK(levels_in_sum(8, 128) == 0);
}

TEST_CASE("shared scales: kernels make the same bytes, and the residual keeps what rounding is off by") {
  const SharedScales step(8, 256, 3, 4099);
  for (std::size_t w = 0; w < 3; ++w) {
    const auto maxima = codec_of("block-maxima", step.options);
    CHECK(maxima->encode(step.gradients[w], 0, {}) ==
          codec_of("block-maxima", step.options, on_kernels())->encode(step.gradients[w], 0, {}));
    const auto codec = codec_of("levels-at-scales", step.options, on_kernels());
    CHECK(codec->encode(step.gradients[w], 0, step.context(w)) == step.sent[w]);
    std::vector<float> residual = step.gradients[w];
    codec->settle(step.sent[w], residual, step.context());
    const std::vector<float> sent = decoded(*codec, step.sent[w], step.context());
    for (std::size_t i = 0; i < residual.size(); ++i) REQUIRE(residual[i] == step.gradients[w][i] - sent[i]);
  }
  std::vector<float> bad = step.gradients[0];
  bad[1234] = std::nanf("");
  for (const char* name : {"block-maxima", "levels-at-scales"}) {
    try {
      codec_of(name, step.options)->encode(bad, 0, step.context());
      FAIL("accepted");
    } catch (const NonFiniteError& error) {
      CHECK(error.element == 1234);
    }
  }
}

TEST_CASE("shared scales: rounding is unbiased", "[large]") {
  // 40,000 draws of an element: the mean is off by at most 5 standard deviations of half a level each.
  constexpr std::size_t draws = 40'000;
  const SharedScales step(4, 32, 3, 64);
  const auto codec = codec_of("levels-at-scales", step.options);
  std::vector<double> sums(64);
  for (std::size_t seed = 0; seed < draws; ++seed) {
    const auto values = decoded(*codec, codec->encode(step.gradients[0], 0, step.context(seed)), step.context());
    for (std::size_t i = 0; i < 64; ++i) sums[i] += static_cast<double>(values[i]);
  }
  const auto scales = view_as<float>(step.scales.front().bytes());
  for (std::size_t i = 0; i < 64; ++i) {
    const double level = static_cast<double>(scales[i / 32]) / 2;
    CHECK(std::abs(sums[i] / draws - static_cast<double>(step.gradients[0][i])) < 5 * 0.5 * level / std::sqrt(draws));
  }
}

TEST_CASE("payloads of whole numbers: formats and padding are checked, and parts begin with a word") {
  const SharedScales step(4, 32, 1, 37);
  const Payload& payload = step.sent.front();
  REQUIRE(payload.size() == 32 + 20);  // 37 x 4 bits
  const auto with = [&](std::size_t at, unsigned value) {
    std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
    bytes[at] = static_cast<std::byte>(value);
    return bytes;
  };
  CHECK(Payload::parse(payload.bytes()) == payload);
  CHECK_THROWS_AS(Payload::parse(with(7, 1)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with(7, 9)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with(7, 5)), PayloadError);  // takes more bytes
  CHECK_THROWS_AS(Payload::parse(with(31, 1)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with(32 + 18, 0x10)), PayloadError);  // a 38th number
  CHECK(join(std::vector{cut(payload, 0, 32), cut(payload, 32, 37)}) == payload);
  CHECK_THROWS_AS(cut(payload, 5, 37), PayloadError);
  const SharedScales other(5, 32, 1, 37);
  const auto codec = codec_of("levels-at-scales", step.options);
  CHECK_THROWS_AS(codec->aggregator()->combine(std::vector{payload, other.sent.front()}), PayloadError);
}

TEST_CASE("golden bytes of whole numbers") {
  // kind 13, no coding, format 4, N = K = 3, 32 + 4 = 36 = 0x24 bytes. One worker, one block, scale 7: levels 7, -7 and
  // 0 are certain: 7 + 9 x 16 + 0 = 0x97.
  const CodecOptions options{.block = 32, .bits = 4, .requantizes = false};
  const std::vector<float> x{7, -7, 0};
  const std::vector<Payload> scales{codec_of("block-maxima", options)->encode(x, 0, {})};
  const Payload payload = codec_of("levels-at-scales", options)->encode(x, 0, {.previous = scales});
  const unsigned char expected[] = {0x53, 0x52, 0x55, 0x4E, 1, 13, 0,    4, 3, 0, 0, 0, 0, 0, 0,    0, 3, 0,
                                    0,    0,    0,    0,    0, 0,  0x24, 0, 0, 0, 0, 0, 0, 0, 0x97, 0, 0, 0};
  REQUIRE(payload.size() == sizeof expected);
  CHECK(std::ranges::equal(payload.bytes(), std::as_bytes(std::span(expected))));
}
