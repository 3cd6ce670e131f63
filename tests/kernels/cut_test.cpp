#include <catch2/catch.hpp>

#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::unique_ptr<const Codec> codec(const char* name, CodecOptions options = {}) {
  return find_codec(name)->make(options, make_cpu_primitives(1));
}

std::vector<float> decoded(const Codec& by, const Payload& payload) {
  std::vector<float> out(payload.elements());
  by.decode(payload, 1, out, {});
  return out;
}

}  // namespace

TEST_CASE("a dense payload cut beyond its end goes on with zeros") {
  // Seven elements on three workers: chunks of ceil(7/3) = 3, the last of which has one element of the payload.
  for (const bool half : {false, true}) {
    const auto dense = codec("dense", {.precision = half ? Precision::fp16 : Precision::fp32});
    const Payload payload = dense->encode(std::vector<float>{1, 2, 3, 4, 5, 6, 7}, 1, {});
    CHECK(decoded(*dense, cut(payload, 3, 6)) == std::vector<float>{4, 5, 6});
    CHECK(decoded(*dense, cut(payload, 6, 9)) == std::vector<float>{7, 0, 0});
    CHECK(decoded(*dense, cut(payload, 9, 12)) == std::vector<float>{0, 0, 0});
    const Payload padded = join(std::vector{cut(payload, 0, 3), cut(payload, 3, 6), cut(payload, 6, 9)});
    CHECK(cut(padded, 0, 7) == payload);
    CHECK(cut(payload.without_contents(), 6, 9) == cut(payload, 6, 9).without_contents());
  }
}

TEST_CASE("indices of a part count from its beginning") {
  const auto top = codec("top-k");
  const Payload payload = top->encode(std::vector<float>{0, 9, 0, 8, 0, 7}, 3, {});
  CHECK(cut(payload, 2, 5) == top->encode(std::vector<float>{0, 8, 0}, 1, {}));
  CHECK(cut(payload, 2, 3).entries() == 0);
  CHECK(cut(payload, 6, 6).elements() == 0);
}

TEST_CASE("signs of a part have zero padding") {
  const auto signs = codec("signs");
  const Payload payload = signs->encode(std::vector<float>(70, -1.0F), 1, {});
  const Payload part = cut(payload, 32, 40);
  CHECK(part == signs->encode(std::vector<float>(8, -1.0F), 1, {}));
}

TEST_CASE("what cannot be cut is refused") {
  const Payload pairs = codec("top-k")->encode(normal_values(70), 5, {});
  const Payload signs = codec("signs")->encode(normal_values(70), 5, {});
  CHECK_THROWS_AS(cut(pairs, 3, 2), PayloadError);
  CHECK_THROWS_AS(cut(pairs, 0, 71), PayloadError);
  CHECK_THROWS_AS(cut(pairs.without_contents(), 0, 10), PayloadError);
  CHECK_THROWS_AS(cut(signs, 5, 40), PayloadError);
  CHECK_THROWS_AS(cut(signs, 0, 71), PayloadError);
  CHECK(cut(signs.without_contents(), 32, 70).size() == 32 + 8);
}

TEST_CASE("what cannot be joined is refused") {
  const Payload pairs = codec("top-k")->encode(normal_values(70), 5, {});
  const Payload bitmap = codec("top-k", {.index = IndexCoding::bitmap})->encode(normal_values(70), 5, {});
  const Payload signs = codec("signs")->encode(normal_values(70), 5, {});
  CHECK_THROWS_AS(join({}), PayloadError);
  CHECK_THROWS_AS(join(std::vector{pairs, signs}), PayloadError);
  CHECK_THROWS_AS(join(std::vector{pairs, bitmap}), PayloadError);
  CHECK_THROWS_AS(join(std::vector{signs, signs}), PayloadError);  // 70 is no multiple of 32
  const Payload all = Payload::size_only({.kind = PayloadKind::signs, .elements = Payload::most_elements});
  CHECK_THROWS_AS(join(std::vector{all, all}), PayloadError);
}

TEST_CASE("signs are appended entry by entry, whatever lies before them") {
  std::mt19937 random(20);
  std::vector<std::byte> from(9);
  for (std::byte& value : from) value = static_cast<std::byte>(random());
  for (std::size_t count = 0; count < 20; ++count) {
    for (std::size_t first = 0; first < 20; ++first) {
      for (std::size_t last = first; last <= 72; ++last) {
        std::vector<std::byte> out((count + 7) / 8);
        for (std::size_t j = 0; j < count; ++j) set_sign_bit(out, j, sign_bit(from, 71 - j));
        std::vector<std::byte> expected = out;
        expected.resize((count + last - first + 7) / 8);
        for (std::size_t j = first; j < last; ++j) set_sign_bit(expected, count + j - first, sign_bit(from, j));
        append_signs(out, count, from, first, last);
        REQUIRE(out == expected);
      }
    }
  }
}
