// Codings of the values of kept entries: against plain arithmetic, within payloads, and published sizes.

#include "kernels/value_coding.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <numeric>

#include "kernels/byte_view.hpp"
#include "kernels/error_feedback.hpp"
#include "kernels/index_coding.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::vector<float> read_back(ValueCoding coding, const std::vector<float>& values) {
  std::vector<std::byte> bytes(value_coding(coding).size(values.size()));
  REQUIRE(value_coding(coding).encode(values, bytes) == values.size());
  REQUIRE_FALSE(value_coding(coding).flaw_in(bytes, values.size()));
  std::vector<float> result(values.size());
  value_coding(coding).decode(bytes, result);
  return result;
}

std::unique_ptr<const Codec> codec_of(const char* name, const CodecOptions& options) {
  return find_codec(name)->make(options, make_cpu_primitives(1));
}

/// Sizes of payloads of so many elements together, each of at most 2^32 of them.
std::uint64_t bytes_of_parts(const Codec& codec, std::uint64_t elements, std::uint64_t& payloads) {
  std::uint64_t bytes = 0;
  for (payloads = 0; elements > 0; ++payloads) {
    const std::uint64_t part = std::min(elements, Payload::most_elements);
    bytes += codec.shape(part, 0, {})->bytes;
    elements -= part;
  }
  return bytes;
}

double squares_of(std::span<const float> x) {
  return std::inner_product(x.begin(), x.end(), x.begin(), 0.0, std::plus<>(),
                            [](double a, double b) { return a * b; });
}

}  // namespace

TEST_CASE("codings of values have names and numbers of their own, and sizes in whole words") {
  for (const ValueCodingEntry& entry : value_codings()) {
    INFO(entry.name);
    CHECK(&value_coding(entry.coding) == &entry);
    for (const std::uint64_t k : {0U, 1U, 7U, 8U, 9U, 64U})
      CHECK(entry.size(k) == 4 * entry.common + (k * entry.bits + 31) / 32 * 4);
  }
  CHECK(find_value_coding(static_cast<ValueCoding>(7)) == nullptr);
  CHECK_THROWS_AS(value_coding(static_cast<ValueCoding>(7)), PayloadError);
}

TEST_CASE("levels of values are the nearest, ties to even") {
  // The largest magnitude is 7 (or 127), so that a level is 1.
  CHECK(read_back(ValueCoding::int4, {7, -7, 0.5F, 1.5F, -2.5F, -0.0F, 6.4F}) ==
        std::vector<float>{7, -7, 0, 2, -2, 0, 6});
  CHECK(read_back(ValueCoding::int8, {-127, 126.5F, 0.6F, -63.5F}) == std::vector<float>{-127, 126, 1, -64});
  for (const Sample& sample : samples()) {
    INFO(sample.name);
    const std::vector<float> x = sample.make(1003);
    float largest = 0;
    for (const float value : x) largest = std::max(largest, std::abs(value));
    for (const auto& [coding, levels] : {std::pair(ValueCoding::int8, 127.0F), std::pair(ValueCoding::int4, 7.0F)}) {
      const std::vector<float> y = read_back(coding, x);
      for (std::size_t i = 0; i < x.size(); ++i)
        CHECK(std::abs(y[i] - x[i]) <= (largest < 0x1p-120F ? largest : 0.5001F * largest / levels));
    }
  }
}

TEST_CASE("the table of four values, by hand") {
  // Mean 0, unbiased deviation sqrt(20 / 3) = 2.58, unit 6 x 2.58 / 4 = 3.87. The places: -3 / 3.87 + 2 = 1.23, 1.74,
  // 2.26 and 2.77, so 1, 2, 2, 3; means 0 (none), -3, 0, 3. Codes: 1 + 2 x 4 + 2 x 16 + 3 x 64 = 233.
  const ValueCodingEntry& int2 = value_coding(ValueCoding::int2);
  std::vector<std::byte> bytes(int2.size(4));
  int2.encode(std::vector<float>{-3, -1, 1, 3}, bytes);
  REQUIRE(bytes.size() == 20);
  const auto table = view_as<float>(std::span<const std::byte>(bytes)).first(4);
  CHECK(std::ranges::equal(table, std::array{0.0F, -3.0F, 0.0F, 3.0F}));
  CHECK(view_as<std::uint32_t>(std::span<const std::byte>(bytes))[4] == 233);
  CHECK(read_back(ValueCoding::int2, {-3, -1, 1, 3}) == std::vector<float>{-3, 0, 0, 3});
  // One value, and many that are alike: all of them the mean.
  CHECK(read_back(ValueCoding::int2, {5}) == std::vector<float>{5});
  CHECK(read_back(ValueCoding::int2, {2, 2, 2}) == std::vector<float>{2, 2, 2});
  // The outermost places have no end: seven zeros and 8 have mean 1, deviation sqrt(8) and unit 4.24; 8 is 1.65 units
  // above the mean, 3.65 rounds to 4, which is cut to 3; 0 is 1.76, so 2.
  CHECK(read_back(ValueCoding::int2, {0, 0, 0, 0, 0, 0, 0, 8}) == std::vector<float>{0, 0, 0, 0, 0, 0, 0, 8});
}

TEST_CASE("signs of values come with their mean magnitude") {
  CHECK(read_back(ValueCoding::sign, {3, -1, -0.0F, 4}) == std::vector<float>{2, -2, 2, 2});
}

TEST_CASE("16 bits: rounded to nearest, ties to even, and refused where that is no number") {
  // bf16 has 8 bits of precision: 1 + 2^-8 is half-way to 1 + 2^-7, and 1 + 3 x 2^-8 to 1 + 2^-6.
  CHECK(read_back(ValueCoding::bf16, {1.00390625F, 1.01171875F, -1.0F}) == std::vector<float>{1, 1.015625F, -1});
  CHECK(read_back(ValueCoding::fp16, {1 + 0x1p-11F, 1 + 3 * 0x1p-11F}) == std::vector<float>{1, 1 + 0x1p-9F});
  const auto lowest_lost = [](const char* codec, ValueCoding values, float large) {
    std::vector<float> x(4100, 0.5F);
    x[4099] = large;
    x[77] = -large;
    try {
      codec_of(codec, {.values = values})->encode(x, 9, {});
    } catch (const NonFiniteError& error) {
      return error.element;
    }
    return x.size();
  };
  for (const char* codec : {"top-k", "chunked-top-k"}) {
    CHECK(lowest_lost(codec, ValueCoding::fp16, 65520) == 77);
    CHECK(lowest_lost(codec, ValueCoding::fp16, 65519) == 4100);
    CHECK(lowest_lost(codec, ValueCoding::bf16, 0x1.ffp127F) == 77);
    CHECK(lowest_lost(codec, ValueCoding::bf16, 0x1.fep127F) == 4100);
  }
}

TEST_CASE("every coding of values goes with every coding of indices") {
  const std::vector<float> x = normal_values(5000);
  const auto plain = codec_of("top-k", {})->encode(x, 333, {});
  for (const IndexCodingEntry& index : index_codings()) {
    for (const ValueCodingEntry& values : value_codings()) {
      INFO(index.name << ", " << values.name);
      const Payload payload = codec_of("top-k", {.index = index.coding, .values = values.coding})->encode(x, 333, {});
      CHECK(parse_again(payload) == payload);
      const auto fp32 = codec_of("top-k", {.index = index.coding})->encode(x, 333, {});
      CHECK(payload.size() - fp32.size() == values.size(333) - 4 * 333);  // in wrapping arithmetic
      const Pairs pairs = read_pairs(payload);
      CHECK(pairs.indices == read_pairs(plain).indices);
      CHECK(pairs.values == read_back(values.coding, read_pairs(plain).values));
      const Payload parts[] = {cut(payload, 0, 1231), cut(payload, 1231, 1231), cut(payload, 1231, 5000)};
      CHECK(join(parts) == payload);
      CHECK(
          read_pairs(parts[2]).values ==
          std::vector<float>(pairs.values.end() - static_cast<std::ptrdiff_t>(parts[2].entries()), pairs.values.end()));
    }
  }
}

TEST_CASE("error feedback keeps what values are rounded by") {
  for (const char* name : {"top-k", "chunked-top-k", "sampled-pairs"}) {
    for (const ValueCodingEntry& values : value_codings()) {
      INFO(name << ", " << values.name);
      const auto codec = codec_of(name, {.values = values.coding, .chunking = {64, 9}});
      ErrorFeedback feedback(3001, make_cpu_primitives(1));
      std::vector<float> given(3001);
      std::vector<float> arrived(3001);
      for (unsigned step = 0; step < 8; ++step) {
        const std::vector<float> gradient = normal_values(3001, step);
        const auto corrected = feedback.correct(gradient);
        const double before = squares_of(corrected);
        const Payload payload = codec->encode(corrected, 300, {.seed = step});
        codec->decode(payload, 1, arrived, {});
        feedback.settle(*codec, payload, {});
        for (std::size_t i = 0; i < given.size(); ++i) given[i] += gradient[i];
        CHECK(squares_of(feedback.residual()) < before);  // what is sent brings nearer
      }
      for (std::size_t i = 0; i < given.size(); ++i)
        REQUIRE(arrived[i] + feedback.residual()[i] == Approx(given[i]).margin(1e-4));
    }
  }
}

TEST_CASE("merged values are written as they came, and what is accepted is what was sent") {
  const std::vector<float> a = normal_values(1000, 1);
  const std::vector<float> b = normal_values(1000, 2);
  for (const ValueCodingEntry& values : value_codings()) {
    INFO(values.name);
    const auto codec = codec_of("gtop-k", {.values = values.coding});
    const auto aggregator = codec->aggregator();
    const Payload parts[] = {codec->encode(a, 60, {}), codec->encode(b, 60, {})};
    const Payload merged = aggregator->combine(parts);
    const Pairs first = read_pairs(parts[0]);
    const Pairs second = read_pairs(parts[1]);
    const Pairs sum =
        make_cpu_primitives(1)->merge_largest({first.indices, first.values}, {second.indices, second.values}, 60);
    CHECK(read_pairs(merged).indices == sum.indices);
    CHECK(read_pairs(merged).values == read_back(values.coding, sum.values));
    CHECK(merged.header() == parts[0].header());
    const Pairs accepted = read_pairs(aggregator->accepted(parts[0], merged));
    std::size_t found = 0;
    for (std::size_t j = 0; j < first.indices.size(); ++j) {
      if (!std::ranges::binary_search(sum.indices, first.indices[j])) continue;
      REQUIRE(accepted.indices.at(found) == first.indices[j]);
      REQUIRE(accepted.values.at(found++) == first.values[j]);
    }
    CHECK(found == accepted.indices.size());
    const Payload other[] = {parts[0], codec_of("gtop-k", {})->encode(b, 60, {})};
    if (values.coding != ValueCoding::fp32) CHECK_THROWS_AS(aggregator->combine(other), PayloadError);
  }
}

TEST_CASE("values: scales, padding and codings are checked") {
  const auto with = [](const Payload& payload, std::size_t at, unsigned value) {
    std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
    bytes[at] = static_cast<std::byte>(value);
    return bytes;
  };
  const Payload pairs = codec_of("top-k", {.values = ValueCoding::int4})->encode(normal_values(40), 3, {});
  REQUIRE(pairs.size() == 32 + 12 + 4 + 4);
  CHECK(Payload::parse(with(pairs, 32 + 12 + 3, 0x00)).entries() == 3);
  CHECK_THROWS_AS(Payload::parse(with(pairs, 32 + 12 + 3, 0xC0)), PayloadError);      // a scale below 0
  CHECK_THROWS_AS(Payload::parse(with(pairs, 32 + 12 + 4 + 1, 0x10)), PayloadError);  // a fourth value
  CHECK_THROWS_AS(Payload::parse(with(pairs, 30, 7)), PayloadError);                  // no coding
  CHECK_THROWS_AS(Payload::parse(with(pairs, 30, 0)), PayloadError);                  // fp32 takes more bytes
  const Payload chunked =
      codec_of("chunked-top-k", {.values = ValueCoding::sign, .chunking = {32, 3}})->encode(normal_values(40), 0, {});
  REQUIRE(chunked.size() == 32 + 4 + 4 + 4);  // six places of 5 bits
  CHECK_THROWS_AS(Payload::parse(with(chunked, 32 + 4 + 3, 0x80)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with(chunked, 32 + 4 + 4, 0x40)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with(chunked, 30, 9)), PayloadError);
  const Payload signs = codec_of("signs", {})->encode(normal_values(40), 0, {});
  CHECK_THROWS_AS(Payload::parse(with(signs, 30, 1)), PayloadError);  // signs have no values
  const Payload levels = codec_of("qsgd", {})->encode(normal_values(40), 0, {});
  CHECK_THROWS_AS(Payload::parse(with(levels, 30, 1)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with(levels, 31, 1)), PayloadError);  // a bucket beyond all numbers
}

TEST_CASE("golden bytes of pairs with values of 4 bits") {
  // kind 2, coding 1, N = 5, K = 2, 32 + 2 x 4 + 4 + 4 = 48 = 0x30 bytes, values 4; indices 1 and 3; scale 3 =
  // 0x40400000; -3 is level -7 = 0b1001, 2 is 4.67 levels: 5; 5 x 16 + 9 = 0x59.
  const Payload payload =
      codec_of("top-k", {.values = ValueCoding::int4})->encode(std::vector<float>{0.5F, -3, 0, 2, -1}, 2, {});
  const unsigned char expected[] = {0x53, 0x52, 0x55, 0x4E, 1, 2, 1, 0, 5,    0, 0,    0,    0,    0, 0, 0,
                                    2,    0,    0,    0,    0, 0, 0, 0, 0x30, 0, 0,    0,    0,    0, 4, 0,
                                    1,    0,    0,    0,    3, 0, 0, 0, 0,    0, 0x40, 0x40, 0x59, 0, 0, 0};
  REQUIRE(payload.size() == sizeof expected);
  CHECK(std::memcmp(payload.bytes().data(), expected, sizeof expected) == 0);
}

TEST_CASE("chunked top-k with values of 2 bits has the size of SparseLoCo's payloads") {
  // 64 of 4096 entries, 12 + 2 bits each: 32 x 4096 / (64 x 14) = 146.29 to 1. 72.7e9 = 17,749,023 x 4096 + 1792
  // elements keep K = 17,749,024 x 64 = 1,135,937,536; 14 K / 8 = 1,987,890,688 bytes, 1.988 GB. Besides, each payload
  // has a header and a table: 17 of them, because each has at most 2^32 elements.
  const auto codec = codec_of("chunked-top-k", {.values = ValueCoding::int2, .chunking = {4096, 64}});
  const std::uint64_t n = 4096 * 1000;
  const std::uint64_t beside = Payload::header_bytes + 4 * sizeof(float);
  const std::uint64_t bytes = codec->shape(n, 0, {})->bytes - beside;
  CHECK(bytes == 1000 * 64 * 14 / 8);
  CHECK(4.0 * static_cast<double>(n) / static_cast<double>(bytes) == Approx(146.29).margin(0.005));
  std::uint64_t payloads = 0;
  CHECK(bytes_of_parts(*codec, 72'700'000'000, payloads) == 1'987'890'688 + 17 * beside);
  CHECK(payloads == 17);
}

TEST_CASE("chunked top-k with signs has the size of DisTrO's payloads, but for indices of 12 bits") {
  // 40e9 / 4096 x 4 = 39,062,500 entries. Its own take 16 + 1 bits: 83.0 MB. Places of 12 bits and a sign: 63.5 MB, and
  // beside them 10 headers and scales.
  constexpr std::uint64_t entries = 40'000'000'000 / 4096 * 4;
  CHECK(entries * 17 / 8 == 83'007'812);
  std::uint64_t payloads = 0;
  const auto codec = codec_of("chunked-top-k", {.values = ValueCoding::sign, .chunking = {4096, 4}});
  const std::uint64_t bytes = bytes_of_parts(*codec, 40'000'000'000, payloads);
  CHECK(payloads == 10);
  // In whole words: of each of the first nine payloads 2^22 entries, of the last what is left, 1,313,764.
  CHECK(entries - 9 * (1U << 22) == 1'313'764);
  CHECK(bytes ==
        9 * ((1U << 22) * 13 / 8) + (1'313'764 * 12 + 31) / 32 * 4 + (1'313'764 + 31) / 32 * 4 + 10 * (32 + 4));
  CHECK(static_cast<double>(bytes) == Approx(63.5e6).epsilon(0.001));
}
