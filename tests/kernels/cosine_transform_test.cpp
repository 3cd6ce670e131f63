// Cosine transforms of chunks and their largest coefficients: laws, closed forms, and the sum that defines them, in
// double, on both back ends.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "kernels/cuda/kernel_primitives.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Vector = std::vector<float>;

/// A rounding error of this share of the norm: a few units in the last place in each of 13 passes.
constexpr double rounding = 5e-7;

/// The coefficients of one transform, by the sum.
std::vector<double> summed_up(std::span<const float> x) {
  const std::size_t n = x.size();
  std::vector<double> cosines(4 * n);
  for (std::size_t i = 0; i < cosines.size(); ++i)
    cosines[i] = std::cos(std::numbers::pi * static_cast<double>(i) / (2.0 * static_cast<double>(n)));
  std::vector<double> coefficients(n);
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i)
      coefficients[k] += static_cast<double>(x[i]) * cosines[(2 * i + 1) * k % (4 * n)];
    coefficients[k] *= std::sqrt((k > 0 ? 2.0 : 1.0) / static_cast<double>(n));
  }
  return coefficients;
}

/// Of chunks, and of what is left in pieces of powers of two.
std::vector<double> summed_up_in_chunks(std::size_t chunk, const Vector& x) {
  std::vector<double> all;
  for (std::size_t first = 0; first < x.size();) {
    const std::size_t size = std::min(chunk, std::bit_floor(x.size() - first));
    const auto own = summed_up(std::span(x).subspan(first, size));
    all.insert(all.end(), own.begin(), own.end());
    first += size;
  }
  return all;
}

template <class A, class B>
double distance(const A& a, const B& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    squares += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return std::sqrt(squares);
}

template <class A>
double norm(const A& a) {
  return distance(a, std::vector<double>(a.size()));
}

Vector transformed(std::uint32_t chunk, const Vector& x, const Primitives& primitives) {
  Vector coefficients(x.size());
  primitives.transform_chunks(chunk, x, coefficients);
  return coefficients;
}

Vector transformed(std::uint32_t chunk, const Vector& x) {
  return transformed(chunk, x, *make_cpu_primitives(1));
}

std::shared_ptr<const Primitives> on_kernels(unsigned threads = 2, unsigned seed = 7) {
  using cuda::HostMachine;
  return std::make_shared<cuda::KernelPrimitives<HostMachine>>(std::make_unique<HostMachine>(threads, seed));
}

std::unique_ptr<const Codec> codec_of(const Chunking& chunking, std::shared_ptr<const Primitives> primitives) {
  return find_codec("cosine-top-k")->make({.chunking = chunking}, std::move(primitives));
}

std::unique_ptr<const Codec> codec_of(const Chunking& chunking) {
  return codec_of(chunking, make_cpu_primitives(1));
}

Vector decoded(const Codec& codec, const Payload& payload) {
  Vector out(payload.elements());
  codec.decode(payload, 1, out, {});
  return out;
}

const std::vector<std::uint32_t> chunks = {32, 64, 512, 4096};

/// Pieces of every size below a chunk, and none.
const std::vector<std::size_t> sizes = {1, 2, 3, 7, 31, 4096, 8191, 12'345};

}  // namespace

TEST_CASE("cosine transforms are the sum that defines them") {
  for (const std::uint32_t chunk : chunks) {
    for (const std::size_t n : sizes) {
      INFO("chunks of " << chunk << ", N = " << n);
      const Vector x = normal_values(n);
      const std::vector<double> expected = summed_up_in_chunks(chunk, x);
      CHECK(distance(transformed(chunk, x), expected) < rounding * norm(x));
    }
  }
}

TEST_CASE("cosine transforms: waves have one coefficient") {
  constexpr std::size_t n = 256;
  for (const std::size_t k : {0U, 1U, 100U, 128U, 255U}) {
    Vector wave(n);
    for (std::size_t i = 0; i < n; ++i)
      wave[i] = static_cast<float>(std::cos(std::numbers::pi * static_cast<double>((2 * i + 1) * k) / (2.0 * n)));
    Vector expected(n);
    expected[k] = static_cast<float>(k > 0 ? std::sqrt(n / 2.0) : std::sqrt(n * 1.0));
    CHECK(distance(transformed(n, wave), expected) < rounding * norm(wave));
  }
}

TEST_CASE("cosine transforms keep the norm, and are linear") {
  for (const std::uint32_t chunk : chunks) {
    const Vector x = normal_values(12'345, 1);
    const Vector y = normal_values(12'345, 2);
    Vector both(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) both[i] = 3 * x[i] - y[i];
    const Vector of_x = transformed(chunk, x);
    const Vector of_y = transformed(chunk, y);
    CHECK(norm(of_x) == Approx(norm(x)).epsilon(rounding));
    std::vector<double> expected(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      expected[i] = 3 * static_cast<double>(of_x[i]) - static_cast<double>(of_y[i]);
    CHECK(distance(transformed(chunk, both), expected) < 5 * rounding * norm(x));
  }
}

TEST_CASE("cosine transforms: all coefficients of every chunk give the input back") {
  for (const std::uint32_t chunk : chunks) {
    for (const std::size_t n : sizes) {
      INFO("chunks of " << chunk << ", N = " << n);
      const Vector x = normal_values(n);
      const auto codec = codec_of({chunk, chunk});
      const Payload payload = codec->encode(x, 0, {});
      CHECK(payload.entries() == n);
      CHECK(distance(decoded(*codec, payload), x) < 2 * rounding * norm(x));
    }
  }
}

TEST_CASE("cosine transforms have the same bytes on kernels and on any number of threads") {
  for (const std::uint32_t chunk : chunks) {
    for (const std::size_t n : sizes) {
      const Vector x = normal_values(n);
      const auto codec = codec_of({chunk, 5});
      const Payload payload = codec->encode(x, 0, {});
      const Vector expected = transformed(chunk, x);
      const Vector sums = decoded(*codec, payload);
      for (const unsigned threads : {1U, 3U}) {
        INFO("chunks of " << chunk << ", N = " << n << ", threads " << threads);
        CHECK(transformed(chunk, x, *on_kernels(threads, threads)) == expected);
        CHECK(transformed(chunk, x, *make_cpu_primitives(threads)) == expected);
        CHECK(codec_of({chunk, 5}, on_kernels(threads, 3))->encode(x, 0, {}) == payload);
        CHECK(decoded(*codec_of({chunk, 5}, on_kernels(threads, 4)), payload) == sums);
      }
    }
  }
}

TEST_CASE("cosine top-k sends the largest coefficients of every chunk, as chunked top-k writes them") {
  for (const Chunking& chunking : {Chunking{32, 1}, Chunking{64, 5}, Chunking{4096, 32}}) {
    const Vector x = normal_values(10'001);
    for (const ValueCoding values : {ValueCoding::fp32, ValueCoding::int2}) {
      const CodecOptions options{.values = values, .chunking = chunking};
      const auto cosines = find_codec("cosine-top-k")->make(options, make_cpu_primitives(1));
      const auto largest = find_codec("chunked-top-k")->make(options, make_cpu_primitives(1));
      CHECK(cosines->encode(x, 0, {}) == largest->encode(transformed(chunking.chunk, x), 0, {}));
    }
  }
}

TEST_CASE("cosine top-k: a residual has none of the coefficients that were sent, and keeps the others") {
  const Vector x = normal_values(10'001);
  const Chunking chunking{512, 20};
  const auto codec = codec_of(chunking);
  const Payload payload = codec->encode(x, 0, {});
  Vector left = x;
  codec->settle(payload, left, {});
  Vector expected = transformed(chunking.chunk, x);
  std::vector<float> not_coded;
  for (const std::uint32_t i : view_chunked_pairs(payload, not_coded).indices()) expected[i] = 0;
  CHECK(distance(transformed(chunking.chunk, left), expected) < 3 * rounding * norm(x));
  // What is sent and what is left are orthogonal.
  CHECK(norm(left) * norm(left) + std::pow(norm(decoded(*codec, payload)), 2) == Approx(norm(x) * norm(x)));
}

TEST_CASE("cosine top-k: the mean of what is decoded is what the mean of the coefficients stands for") {
  constexpr std::uint32_t chunk = 64;
  const auto codec = codec_of({chunk, 3});
  std::vector<float> not_coded;
  Vector sum(1003), coefficients(1003);
  for (unsigned worker = 0; worker < 4; ++worker) {
    const Payload payload = codec->encode(normal_values(1003, worker), 0, {});
    codec->decode(payload, 0.25F, sum, {});
    const ChunkedPairsView view = view_chunked_pairs(payload, not_coded);
    make_cpu_primitives(1)->add_in_chunks(view.chunking, view.words, view.values, 0.25F, coefficients);
  }
  const Chunking all{chunk, chunk};
  std::vector<std::uint32_t> words(code_words(1003, all.place_bits()));
  Vector values(1003), expected(1003);
  make_cpu_primitives(1)->select_in_chunks(all, coefficients, words, values);
  make_cpu_primitives(1)->add_cosines_in_chunks(all, words, values, 1, expected);
  CHECK(norm(expected) > 1);
  CHECK(distance(sum, expected) < 3 * rounding * norm(expected));
}

TEST_CASE("cosine top-k: bytes are those of chunked top-k") {
  const auto bytes = [](const CodecOptions& options, std::uint64_t elements) {
    return find_codec("cosine-top-k")->make(options, nullptr)->shape(elements, 0, {})->bytes;
  };
  // 32 places of 12 bits are 12 words, and 32 values: 176 bytes for 16,384, 93.09 to 1.
  CHECK(bytes({.chunking = {4096, 32}}, 4096) == 32 + 12 * 4 + 32 * 4);
  // 4 places and 4 signs are 52 bits a chunk: 63.5 MB of 40e9 elements.
  const std::uint64_t many = std::uint64_t{1} << 32;
  CHECK(bytes({.values = ValueCoding::sign, .chunking = {4096, 4}}, many) == 32 + 4 + many / 4096 * 52 / 8);
  CHECK(40e9 / 4096 * 52 / 8 == Approx(63.48e6).epsilon(1e-3));
}

TEST_CASE("cosine transforms: sizes that do not fit, and coefficients beyond the range of fp32") {
  Vector x(64), out(64);
  std::vector<std::uint32_t> words(1);
  Vector values(2);
  for (const auto& primitives : {on_kernels(), std::shared_ptr<const Primitives>(make_cpu_primitives(1))}) {
    CHECK_THROWS_AS(primitives->transform_chunks(48, x, out), std::invalid_argument);
    CHECK_THROWS_AS(primitives->transform_chunks(16, x, out), std::invalid_argument);
    CHECK_THROWS_AS(primitives->transform_chunks(8192, x, out), std::invalid_argument);
    CHECK_THROWS_AS(primitives->transform_chunks(32, x, std::span(out).first(63)), std::invalid_argument);
    CHECK_THROWS_AS(primitives->add_cosines_in_chunks({32, 2}, words, values, 1, out), std::invalid_argument);
    CHECK_NOTHROW(primitives->add_cosines_in_chunks({32, 1}, words, values, 1, out));
    const Vector large(64, 2e38F);
    CHECK_THROWS_AS(codec_of({64, 2}, primitives)->encode(large, 0, {}), NonFiniteError);
  }
}
