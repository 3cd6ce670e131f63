// The largest of every chunk: against a sort, on both back ends, and what payloads of it are refused.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

/// The kept entries by a sort of every chunk, by ascending index.
Pairs sorted_out(const Chunking& chunking, const std::vector<float>& x) {
  Pairs pairs;
  for (std::size_t first = 0; first < x.size(); first += chunking.chunk) {
    std::vector<std::uint32_t> order(std::min<std::size_t>(chunking.chunk, x.size() - first));
    std::iota(order.begin(), order.end(), static_cast<std::uint32_t>(first));
    std::ranges::stable_sort(order, [&](auto a, auto b) { return std::abs(x[a]) > std::abs(x[b]); });
    order.resize(std::min<std::size_t>(chunking.keeps, order.size()));
    std::ranges::sort(order);
    for (const std::uint32_t i : order) {
      pairs.indices.push_back(i);
      pairs.values.push_back(x[i]);
    }
  }
  return pairs;
}

std::unique_ptr<const Codec> codec_of(const Chunking& chunking, std::shared_ptr<const Primitives> primitives) {
  return find_codec("chunked-top-k")->make({.chunking = chunking}, std::move(primitives));
}

std::unique_ptr<const Codec> codec_of(const Chunking& chunking, unsigned threads = 1) {
  return codec_of(chunking, make_cpu_primitives(threads));
}

std::shared_ptr<const Primitives> on_kernels() {
  using cuda::HostMachine;
  return std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(2, 7));
}

void check_payload_is(const Payload& payload, const Pairs& expected) {
  std::vector<float> not_coded;
  const ChunkedPairsView view = view_chunked_pairs(payload, not_coded);
  REQUIRE(view.indices() == expected.indices);
  REQUIRE(std::ranges::equal(view.values, expected.values));
  REQUIRE(parse_again(payload) == payload);
}

/// Chunks of both kernels; places that fill words, and that do not.
const std::vector<Chunking> chunkings = {{32, 1}, {32, 32}, {64, 5}, {512, 7}, {1024, 3}, {2048, 1}, {4096, 64}};

}  // namespace

TEST_CASE("chunked top-k is what a sort of every chunk gives, on both back ends") {
  for (const Chunking& chunking : chunkings) {
    for (const Sample& sample : samples()) {
      for (const std::size_t n : {std::size_t{1}, std::size_t{31}, std::size_t{4097}, std::size_t{20'011}}) {
        INFO("chunks of " << chunking.chunk << " keep " << chunking.keeps << ", " << sample.name << ", N = " << n);
        const std::vector<float> x = sample.make(n);
        const Pairs expected = sorted_out(chunking, x);
        check_payload_is(codec_of(chunking)->encode(x, 0, {}), expected);
        check_payload_is(codec_of(chunking, on_kernels())->encode(x, 0, {}), expected);
      }
    }
  }
}

TEST_CASE("chunked top-k is the same on any number of threads, where chunks are unlike each other") {
  std::vector<float> x = normal_values(300'007);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] *= std::ldexp(1.0F, static_cast<int>(i / 9000 * 7 % 40) - 20);
  for (const Chunking& chunking : chunkings) {
    const Pairs expected = sorted_out(chunking, x);
    for (const unsigned threads : {1U, 2U, 7U})
      check_payload_is(codec_of(chunking, threads)->encode(x, 0, {}), expected);
  }
}

TEST_CASE("chunked top-k: bytes are 32 + 4 an entry + log2 of the chunk in bits an entry, in words") {
  const auto bytes = [](Chunking chunking, std::uint64_t elements) {
    return codec_of(chunking)->shape(elements, 0, {})->bytes;
  };
  CHECK(bytes({4096, 64}, 4096) == 32 + 64 * 4 + 96);             // 768 bits
  CHECK(bytes({4096, 64}, 2 * 4096 + 10) == 32 + 138 * 4 + 208);  // 1656 bits in 52 words
  CHECK(bytes({32, 1}, 3200) == 32 + 100 * 4 + 64);               // 500 bits in 16 words
  CHECK(bytes({64, 64}, 70) == 32 + 70 * 4 + 56);                 // all; 420 bits in 14 words
  CHECK(bytes({64, 4096}, 70) == bytes({64, 64}, 70));            // no chunk has more
  CHECK(codec_of({4096, 64})->shape(10'000, 0, {})->entries == 192);
  CHECK(codec_of({4096, 64})->shape(std::uint64_t{1} << 32, 0, {})->entries == std::uint64_t{1} << 26);
}

TEST_CASE("chunked top-k: a residual keeps all but what was sent") {
  const std::vector<float> x = normal_values(1003);
  const auto codec = codec_of({64, 5});
  const Payload payload = codec->encode(x, 0, {});
  std::vector<float> sent(x.size()), left = x;
  codec->decode(payload, 1, sent, {});
  codec->settle(payload, left, {});
  for (std::size_t i = 0; i < x.size(); ++i)
    REQUIRE((sent[i] == 0 ? left[i] == x[i] : sent[i] == x[i] && left[i] == 0));
  CHECK(std::ranges::count(left, 0.0F) == 15 * 5 + 5);
}

TEST_CASE("the kernel adds the gradient and takes out what is selected in one launch") {
  using namespace cuda;
  for (const Chunking& chunking : chunkings) {
    for (const std::size_t n : {std::size_t{3}, std::size_t{9005}}) {
      INFO("chunks of " << chunking.chunk << " keep " << chunking.keeps << ", N = " << n);
      const std::vector<float> gradient = normal_values(n, 1);
      std::vector<float> corrected = normal_values(n, 2);
      on_machines([&](HostMachine& machine) {
        const auto terms = uploaded(gradient);
        auto residual = uploaded(normal_values(n, 2));
        std::vector<float> sums = corrected;
        make_cpu_primitives(1)->accumulate(gradient, 1, sums);
        const Pairs expected = sorted_out(chunking, sums);
        HostMachine::Buffer<std::uint32_t> words(code_words(expected.values.size(), chunking.place_bits()));
        HostMachine::Buffer<float> values(expected.values.size());
        auto non_finite = uploaded(std::vector<std::uint64_t>{0});
        const std::uint64_t before = machine.launches();
        launch_chunked_top_k(machine, ChunkedTopK<float>{terms.data(), residual.data(), n, chunking, words.data(),
                                                         values.data(), non_finite.data()});
        CHECK(machine.launches() == before + 1);
        CHECK(downloaded(non_finite).front() == 0);
        CHECK(downloaded(values) == expected.values);
        const auto places = downloaded(words);
        CHECK(ChunkedPairsView{chunking, places, expected.values}.indices() == expected.indices);
        make_cpu_primitives(1)->scatter_zero(expected.indices, sums);
        CHECK(downloaded(residual) == sums);
      });
    }
  }
}

TEST_CASE("chunked pairs: parts are whole chunks, and of one chunking") {
  const auto codec = codec_of({64, 5});
  const std::vector<float> x = normal_values(1003);
  const Payload payload = codec->encode(x, 0, {});
  const Payload parts[] = {cut(payload, 0, 64), cut(payload, 64, 640), cut(payload, 640, 640), cut(payload, 640, 1003)};
  CHECK(join(parts) == payload);
  CHECK(parts[1] == codec->encode(std::span(x).subspan(64, 576), 0, {}));
  CHECK(cut(payload.without_contents(), 64, 640) == parts[1].without_contents());
  CHECK_THROWS_AS(cut(payload, 32, 640), PayloadError);
  CHECK_THROWS_AS(cut(payload, 0, 100), PayloadError);
  CHECK_THROWS_AS(join(std::vector{parts[3], parts[0]}), PayloadError);  // 363 is no multiple of 64
  CHECK_THROWS_AS(join(std::vector{parts[0], codec_of({64, 6})->encode(x, 0, {})}), PayloadError);
}

TEST_CASE("chunked pairs: places, padding, entries and formats are checked") {
  const Payload payload = codec_of({32, 2})->encode(normal_values(34), 0, {});
  const auto with = [&](std::size_t at, std::byte value) {
    std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
    bytes[at] = value;
    return bytes;
  };
  const auto word = [&](unsigned a, unsigned b, unsigned c, unsigned d) {
    const std::uint32_t places = a | b << 5U | c << 10U | d << 15U;
    std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
    std::memcpy(bytes.data() + Payload::header_bytes, &places, sizeof places);
    return bytes;
  };
  std::vector<float> not_coded;
  CHECK(view_chunked_pairs(Payload::parse(word(30, 31, 0, 1)), not_coded).indices() ==
        std::vector<std::uint32_t>{30, 31, 32, 33});
  CHECK_THROWS_AS(Payload::parse(word(31, 30, 0, 1)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(word(7, 7, 0, 1)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(word(0, 1, 1, 0)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(word(0, 1, 0, 2)), PayloadError);           // element 34 of 34
  CHECK_THROWS_AS(Payload::parse(with(34, std::byte{0x10})), PayloadError);  // padding
  CHECK_THROWS_AS(Payload::parse(with(7, std::byte{0x14})), PayloadError);   // chunks of 16
  CHECK_THROWS_AS(Payload::parse(with(7, std::byte{0x1D})), PayloadError);   // chunks of 8192
  CHECK_THROWS_AS(Payload::parse(with(7, std::byte{0x25})), PayloadError);   // of which each keeps 3
  CHECK_THROWS_AS(Payload::parse(with(31, std::byte{0x10})), PayloadError);  // 258 of 32
  CHECK_THROWS_AS(Payload::parse(with(16, std::byte{3})), PayloadError);     // an entry less
}

TEST_CASE("chunks that are none are refused") {
  const std::vector<float> x(64);
  std::vector<std::uint32_t> words(1);
  std::vector<float> values(2);
  for (const auto& primitives : {on_kernels(), std::shared_ptr<const Primitives>(make_cpu_primitives(1))}) {
    CHECK_THROWS_AS(primitives->select_in_chunks({48, 1}, x, words, values), std::invalid_argument);
    CHECK_THROWS_AS(primitives->select_in_chunks({32, 0}, x, words, values), std::invalid_argument);
    CHECK_THROWS_AS(primitives->select_in_chunks({8192, 2}, x, words, values), std::invalid_argument);
    CHECK_THROWS_AS(primitives->select_in_chunks({32, 2}, x, words, values), std::invalid_argument);
    CHECK_THROWS_AS(primitives->add_in_chunks({32, 2}, words, values, 1, std::span<float>()), std::invalid_argument);
    CHECK_NOTHROW(primitives->select_in_chunks({32, 1}, x, words, values));
  }
}
