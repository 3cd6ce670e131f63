// The codec sketched-pairs: sums of sketches against sums of pairs, its bytes, and what payloads of it are refused.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Floats = std::vector<float>;
using Words = std::vector<std::uint32_t>;

std::vector<std::shared_ptr<const Primitives>> back_ends() {
  using cuda::HostMachine;
  return {make_cpu_primitives(1), make_cpu_primitives(7),
          std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(2, 7))};
}

std::unique_ptr<const Codec> codec_of(std::uint32_t counters, std::shared_ptr<const Primitives> primitives) {
  return find_codec("sketched-pairs")->make({.counters = counters}, std::move(primitives));
}

std::unique_ptr<const Codec> codec_of(std::uint32_t counters = CodecOptions().counters) {
  return codec_of(counters, make_cpu_primitives(1));
}

}  // namespace

TEST_CASE("eight workers' sketches add up to what their entries add up to, in whichever order") {
  constexpr std::size_t n = 30'007;
  constexpr std::size_t k = 300;
  for (const auto& primitives : back_ends()) {
    const auto codec = codec_of(CodecOptions().counters, primitives);
    const auto pairs = find_codec("top-k")->make({}, primitives);
    std::vector<Payload> parts;
    Floats expected(n);
    for (unsigned worker = 0; worker < 8; ++worker) {
      Floats x = normal_values(n, worker);
      for (float& value : x) value = std::round(value * 1024);  // so that sums are exact
      parts.push_back(codec->encode(x, k, {}));
      pairs->decode(pairs->encode(x, k, {}), 1, expected, {});
    }
    Payload sum = codec->aggregator()->combine(parts);
    CHECK(sum.size() == parts.front().size());
    CHECK(parse_again(sum) == sum);
    Floats decoded(n);
    codec->decode(sum, 1, decoded, {});
    CHECK(decoded == expected);
    std::ranges::reverse(parts);
    CHECK(codec->aggregator()->combine(parts) == sum);
  }
}

TEST_CASE("sketched pairs: zeros are no entries, and a residual keeps all but what was sent") {
  Floats x = normal_values(9001);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = i % 100 == 0 ? x[i] : -0.0F;
  const auto codec = codec_of();
  const Payload payload = codec->encode(x, 200, {});
  Words entries(91);
  for (std::size_t j = 0; j < entries.size(); ++j) entries[j] = static_cast<std::uint32_t>(100 * j);
  CHECK(view_sketch(payload).indices() == entries);
  Floats left = normal_values(9001);
  Floats expected = left;
  for (const std::uint32_t i : entries) expected[i] = 0;
  codec->settle(payload, left, {});
  CHECK(left == expected);
}

TEST_CASE("sketched pairs: bytes are 32, a bit an element and 12 a column, whole words of bits") {
  const auto bytes = [](std::uint32_t counters, std::uint64_t elements, std::uint64_t entries) {
    return codec_of(counters)->shape(elements, entries, {})->bytes;
  };
  // 12 x 41 counters are 164 columns of 4096 elements.
  CHECK(bytes(12, 4096, 41) == 32 + 512 + 164 * 12);
  // 12 x 100 x 4096 / (3 x 10,000) = 163.84, so 164 of 4096: 164 x 10,000 / 4096 = 400.4 in all; 313 words.
  CHECK(bytes(12, 10'000, 100) == 32 + 4 * 313 + 401 * 12);
  CHECK(codec_of(12)->shape(10'000, 100, {})->entries == 401);
  CHECK(bytes(1, 1 << 20, 1) == 32 + (1 << 17) + 256 * 12);  // one of 4096 at least
  CHECK(bytes(1024, 100, 50) == 32 + 16 + 100 * 12);         // one an element at most
  CHECK(bytes(1, 1, 1) == 32 + 4 + 12);
  CHECK(codec_of(1024)->shape(std::uint64_t{1} << 32, std::uint64_t{1} << 32, {})->entries == std::uint64_t{1} << 32);
}

TEST_CASE("sketches: parts are whole columns, and the sum of parts is the part of the sum") {
  const auto codec = codec_of();
  std::vector<Payload> workers;
  for (unsigned worker = 0; worker < 3; ++worker)
    workers.push_back(codec->encode(normal_values(20'011, worker), 99, {}));
  const Payload sum = codec->aggregator()->combine(workers);
  std::vector<Payload> parts;
  for (const auto& [begin, end] : {std::pair{0, 4096}, {4096, 12'288}, {12'288, 12'288}, {12'288, 20'011}}) {
    std::vector<Payload> same;
    for (const Payload& payload : workers) same.push_back(cut(payload, begin, end));
    CHECK(parse_again(same.front()) == same.front());
    parts.push_back(codec->aggregator()->combine(same));
  }
  CHECK(join(parts) == sum);
  parts.push_back(cut(sum, 20'011, 20'011));
  CHECK(parts.back().size() == Payload::header_bytes);
  CHECK(join(parts) == sum);
  CHECK(cut(sum.without_contents(), 4096, 12'288) == parts[1].without_contents());
  CHECK(part_elements(sum, 2) == 12'288);
  CHECK(cut_part(sum, 12'288, 24'576) == cut(sum, 12'288, 20'011));
  CHECK_THROWS_AS(cut(sum, 32, 4096), PayloadError);
  CHECK_THROWS_AS(cut(sum, 0, 100), PayloadError);
  CHECK_THROWS_AS(join(std::vector{parts[3], parts[0]}), PayloadError);
  const Payload others = codec_of(1)->encode(normal_values(20'011), 99, {});
  CHECK_THROWS_AS(join(std::vector{parts[0], others}), PayloadError);
  CHECK_THROWS_AS(codec->aggregator()->combine(std::vector{workers[0], others}), PayloadError);
}

TEST_CASE("sketches: padding, columns and formats are checked, and counters are any numbers") {
  const Payload payload = codec_of(1)->encode(normal_values(33), 2, {});
  REQUIRE(payload.size() == 32 + 8 + 12);
  const auto with = [&](std::size_t at, unsigned value) {
    std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
    bytes[at] = static_cast<std::byte>(value);
    return bytes;
  };
  CHECK_NOTHROW(Payload::parse(with(36, 1)));
  CHECK_THROWS_AS(Payload::parse(with(36, 2)), PayloadError);  // element 33 of 33
  std::vector<std::byte> infinite = with(50, 0x80);
  infinite[51] = std::byte{0xFF};
  std::vector<float> decoded(33);
  codec_of(1)->decode(Payload::parse(infinite), 1, decoded, {});
  CHECK(std::ranges::all_of(decoded, [](float value) { return std::isfinite(value); }));
  CHECK_THROWS_AS(Payload::parse(with(16, 2)), PayloadError);     // two columns
  CHECK_THROWS_AS(Payload::parse(with(31, 0x10)), PayloadError);  // more than a column an element
  std::vector<std::byte> none = with(7, 0);
  none[31] = std::byte{0};
  CHECK_THROWS_AS(Payload::parse(none), PayloadError);
}
