// Codecs that round at random, or to means.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "kernels/error_feedback.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/kernels/sum_oracle.hpp"

using namespace simrun;

namespace {

std::unique_ptr<const Codec> codec_of(const char* name, const CodecOptions& options = {}) {
  return find_codec(name)->make(options, make_cpu_primitives(1));
}

std::vector<float> decoded(const Codec& codec, const Payload& payload) {
  std::vector<float> out(payload.elements());
  codec.decode(payload, 1, out, {});
  return out;
}

/// Element x is rounded to `low` or `high`, the latter with probability `up`.
struct Choice {
  double low, high, up;
};

/// Encodes a gradient many times and compares the means with x, all elements at once: each (mean - x)^2 over its
/// variance is 1 in the mean, and has the variance 2 + (excess kurtosis) / repeats.
void check_unbiased(const Codec& codec, const std::vector<float>& gradient, const std::vector<float>& x,
                    const std::vector<Choice>& choices) {
  constexpr int repeats = 400;
  std::vector<double> sums(x.size());
  for (std::uint64_t seed = 0; seed < repeats; ++seed) {
    const std::vector<float> once = decoded(codec, codec.encode(gradient, x.size(), {.seed = seed}));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double nearest = std::min(std::abs(once[i] - choices[i].low), std::abs(once[i] - choices[i].high));
      REQUIRE(nearest <= 1e-5 * std::abs(choices[i].high));  // one of the two
      sums[i] += once[i];
    }
  }
  double squares = 0, expected = 0, variance = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto [low, high, up] = choices[i];
    const double spread = up * (1 - up);
    if (spread < 1e-3) continue;
    const double off = sums[i] / repeats - x[i];
    squares += off * off / (spread * (high - low) * (high - low) / repeats);
    expected += 1;
    variance += 2 + (1 - 6 * spread) / spread / repeats;
  }
  INFO(squares << " for " << expected);
  REQUIRE(expected > 0.5 * static_cast<double>(x.size()));
  CHECK(std::abs(squares - expected) < 5 * std::sqrt(variance));
}

Choice between_levels(double x, double scale, int levels) {
  const double step = scale / levels;
  const double low = std::floor(std::abs(x) / step) * step;
  const double sign = x < 0 ? -1 : 1;
  return {sign * low, sign * (low + step), (std::abs(x) - low) / step};
}

}  // namespace

TEST_CASE("sums of terms have the bits of the documented order") {
  const std::vector<float> x = normal_values(100'003);
  std::vector<double> squares, negative, positive;
  for (const float value : x) {
    squares.push_back(static_cast<double>(value) * static_cast<double>(value));
    negative.push_back(std::max(0.0F, -value));
    positive.push_back(std::max(0.0F, value));
  }
  for (const unsigned threads : {1U, 3U}) {
    const auto primitives = make_cpu_primitives(threads);
    CHECK(primitives->sum(Term::square, x) == sum_in_order(squares));
    CHECK(primitives->sum(Term::negative, x) == sum_in_order(negative));
    CHECK(primitives->sum(Term::positive, x) == sum_in_order(positive));
    CHECK(primitives->largest_magnitude(x) ==
          std::abs(*std::ranges::max_element(x, {}, [](float v) { return std::abs(v); })));
    CHECK(primitives->count_above(x, 1) ==
          static_cast<std::uint64_t>(std::ranges::count_if(x, [](float v) { return std::abs(v) >= 1; })));
    // A bucket of 1024 is one run of the order above.
    std::vector<float> norms(98);
    primitives->bucket_norms(x, 1024, norms);
    for (std::size_t b = 0; b < norms.size(); ++b) {
      const auto first = squares.begin() + static_cast<std::ptrdiff_t>(b * 1024);
      const auto last = b + 1 < norms.size() ? first + 1024 : squares.end();
      REQUIRE(norms[b] == static_cast<float>(std::sqrt(sum_in_order({first, last}))));
    }
  }
}

TEST_CASE("qsgd: bytes are 32 + 4 a bucket + the bits of 2 levels + 1 values, in words") {
  const auto bytes = [](int levels, std::uint64_t bucket, bool packs_bits, std::uint64_t elements) {
    const auto codec = codec_of("qsgd", {.levels = levels, .bucket = bucket, .packs_bits = packs_bits});
    return codec->shape(elements, 0, {})->bytes;
  };
  CHECK(bytes(1, 512, true, 1000) == 32 + 2 * 4 + 252);       // 2 bits: 2000 bits in 63 words
  CHECK(bytes(7, 512, true, 1000) == 32 + 2 * 4 + 500);       // 4 bits: 15 values
  CHECK(bytes(8, 512, true, 1000) == 32 + 2 * 4 + 628);       // 5 bits: 17 values, 157 words
  CHECK(bytes(64, 0, true, 1000) == 32 + 4 + 1000);           // 8 bits: 129 values
  CHECK(bytes(1, 0, false, 1001) == 32 + 4 + 1004);           // a byte each, in words
  CHECK(bytes(127, 1U << 31, false, 1000) == 32 + 4 + 1000);  // one bucket, larger than all
  CHECK(codec_of("terngrad")->shape(1000, 0, {})->bytes == 32 + 4 + 252);
  CHECK(codec_of("exponents")->shape(1000, 0, {})->bytes == 32 + 1128);  // 9000 bits in 282 words
  CHECK(codec_of("two-means")->shape(1000, 0, {})->bytes == 32 + 8 + 128);
  CHECK(codec_of("gathered-signs")->shape(1000, 0, {})->bytes == 32 + 128);
}

TEST_CASE("qsgd is unbiased, bucket by bucket", "[large]") {
  const std::vector<float> x = normal_values(2000);
  for (const auto& [levels, bucket] : {std::pair{1, 64}, {7, 512}, {64, 0}}) {
    INFO(levels << " levels, buckets of " << bucket);
    std::vector<Choice> choices;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t size = bucket == 0 ? x.size() : static_cast<std::size_t>(bucket);
      const std::size_t first = i / size * size;
      double squares = 0;
      for (std::size_t j = first; j < std::min(first + size, x.size()); ++j)
        squares += static_cast<double>(x[j]) * x[j];
      choices.push_back(between_levels(x[i], std::sqrt(squares), levels));
    }
    check_unbiased(*codec_of("qsgd", {.levels = levels, .bucket = static_cast<std::uint64_t>(bucket)}), x, x, choices);
  }
}

TEST_CASE("terngrad is unbiased for the gradient clipped at 2.5 times its root mean square", "[large]") {
  std::vector<float> x = normal_values(2000);
  double squares = 0;
  for (const float value : x) squares += static_cast<double>(value) * value;
  const double clip = 2.5 * std::sqrt(squares / static_cast<double>(x.size()));
  std::vector<float> clipped = x;
  for (float& value : clipped) value = std::clamp(value, static_cast<float>(-clip), static_cast<float>(clip));
  REQUIRE(clipped != x);
  std::vector<Choice> choices;
  for (const float value : clipped) choices.push_back(between_levels(value, clip, 1));
  check_unbiased(*codec_of("terngrad"), x, clipped, choices);
}

TEST_CASE("natural compression is unbiased, between two powers of two", "[large]") {
  const std::vector<float> x = normal_values(2000);
  std::vector<Choice> choices;
  for (const float value : x) {
    const double low = std::exp2(std::floor(std::log2(std::abs(value)))) * (value < 0 ? -1 : 1);
    choices.push_back({low, 2 * low, (value - low) / low});
  }
  check_unbiased(*codec_of("exponents"), x, x, choices);
}

TEST_CASE("natural compression at the ends: zero, the smallest and the largest numbers") {
  const auto codec = codec_of("exponents");
  const std::vector<float> x = {0.0F, -0.0F, 0x1p-149F, 0x1p-126F, 1.0F, -2.0F, 0x1.fffffep127F, -0x1p127F};
  std::set<float> tiny;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto once = decoded(*codec, codec->encode(x, x.size(), {.seed = seed}));
    tiny.insert(once[2]);
    CHECK(once[0] == 0);
    CHECK(once[1] == 0);
    CHECK(std::equal(once.begin() + 3, once.begin() + 6, x.begin() + 3));  // powers of two stay
    CHECK(once[6] == 0x1p127F);
    CHECK(once[7] == -0x1p127F);
  }
  // 2^-149 becomes 2^-126 once in 2^23 times.
  CHECK(tiny == std::set<float>{0.0F});
}

TEST_CASE("qsgd: a norm beyond the range of fp32 is the largest number there is") {
  const std::vector<float> x(64, 3e38F);
  for (const std::uint64_t bucket : {0U, 32U}) {
    const auto codec = codec_of("qsgd", {.levels = 4, .bucket = bucket});
    const Payload payload = codec->encode(x, 0, {.seed = 3});
    CHECK(parse_again(payload) == payload);
    for (const float value : decoded(*codec, payload)) CHECK(value >= 0.5F * 3e38F);
  }
}

TEST_CASE("rounding: the seed alone decides, and what is off stays in the residual") {
  const std::vector<float> x = normal_values(1003);
  for (const char* name : {"qsgd", "terngrad", "exponents", "two-means"}) {
    INFO(name);
    const auto codec = codec_of(name);
    CHECK(codec->encode(x, 0, {.seed = 5}) == codec->encode(x, 0, {.seed = 5}));
    if (find_codec(name)->rounds) CHECK_FALSE(codec->encode(x, 0, {.seed = 5}) == codec->encode(x, 0, {.seed = 6}));
    ErrorFeedback feedback(x.size(), make_cpu_primitives(1));
    feedback.correct(x);
    const Payload payload = codec->encode(x, 0, {.seed = 5});
    feedback.settle(*codec, payload, {});
    const auto once = decoded(*codec, payload);
    for (std::size_t i = 0; i < x.size(); ++i)
      REQUIRE(once[i] + feedback.residual()[i] == Approx(x[i]).margin(1e-6 * std::abs(once[i])));
  }
}

TEST_CASE("one bit: the means of what is below zero and of the rest stand for them") {
  const auto codec = codec_of("two-means");
  const std::vector<float> x = {-1, -2, -6, 0, 4, 8};
  const auto payload = codec->encode(x, 0, {});
  CHECK(decoded(*codec, payload) == std::vector<float>{-3, -3, -3, 4, 4, 4});
  CHECK(view_two_means(payload).words.front() == 0b111U);
  CHECK(decoded(*codec, codec->encode(std::vector<float>{1, 3}, 0, {})) == std::vector<float>{2, 2});
  CHECK(decoded(*codec, codec->encode(std::vector<float>{-1, -3}, 0, {})) == std::vector<float>{-2, -2});
}

TEST_CASE("sampled pairs: about K of the largest, within the bounds, and around the aim", "[large]") {
  const auto codec = codec_of("sampled-pairs");
  constexpr std::size_t n = 200'000;
  for (const std::size_t k : {20U, 2000U}) {
    double sum = 0;
    std::set<std::uint64_t> counts;
    for (unsigned seed = 0; seed < 20; ++seed) {
      const std::vector<float> x = normal_values(n, seed);
      const Payload payload = codec->encode(x, k, {});
      CHECK(10 * payload.entries() >= 7 * k);
      CHECK(10 * payload.entries() <= 13 * k);
      counts.insert(payload.entries());
      sum += static_cast<double>(payload.entries());
      const Pairs largest = make_cpu_primitives(1)->select_largest(x, payload.entries());
      CHECK(payload == make_pairs(IndexCoding::raw32, n, {largest.indices, largest.values}));
    }
    CHECK(counts.size() > 3);
    CHECK(sum / 20 == Approx(k).epsilon(0.2));
  }
  // Everything is as large, or nothing is: K' is cut to the bounds.
  CHECK(codec->encode(std::vector<float>(n, 1.0F), 100, {}).entries() == 130);
  CHECK(codec->encode(std::vector<float>(n, 0.0F), 100, {}).entries() == 130);
  CHECK(codec->encode(std::vector<float>(3, 1.0F), 3, {}).entries() == 3);
  for (const CodecCase& each : codec_cases()) {
    if (each.entry->name != "sampled-pairs") continue;
    const Payload most = each.make()->encode(std::vector<float>(n, 1.0F), 100, {});
    CHECK(most.entries() == 130);
    CHECK(most.size() <= each.make()->most_bytes(n, 100));
  }
}

TEST_CASE("payloads of levels: formats, scales and padding are checked") {
  const auto codec = codec_of("qsgd", {.levels = 2, .bucket = 32});
  const Payload payload = codec->encode(normal_values(33), 0, {});
  std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
  const auto refuses = [&](std::size_t at, std::byte value) {
    std::vector<std::byte> changed = bytes;
    changed[at] = value;
    CHECK_THROWS_AS(Payload::parse(changed), PayloadError);
  };
  refuses(7, std::byte{0});                             // one bit is no level
  refuses(7, std::byte{2 | 4 << 3});                    // buckets of 16
  refuses(7, std::byte{1 | 5 << 3});                    // two bits: another size
  refuses(bytes.size() - 1, std::byte{0x80});           // padding
  refuses(Payload::header_bytes + 3, std::byte{0x80});  // a scale with a sign
  const Payload powers = codec_of("exponents")->encode(normal_values(4), 0, {});
  bytes.assign(powers.bytes().begin(), powers.bytes().end());
  refuses(Payload::header_bytes, std::byte{0xFF});  // exponent 255, or 254 and another sign
}
