// Sums that are encoded as what was added up, with an error of the server's.

#include "kernels/server_sum.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

constexpr std::size_t size = 200;
constexpr std::size_t most = 20;

std::shared_ptr<const Codec> codec_of(const char* name, CodecOptions options = {}) {
  options.two_way = true;
  return find_codec(name)->make(options, make_cpu_primitives(1));
}

/// What three workers send in a step, and its sum. Whole numbers, whose sums are exact.
struct Sent {
  std::vector<Payload> parts;
  std::vector<float> sum = std::vector<float>(size);

  Sent(const Codec& codec, unsigned step) {
    for (unsigned worker = 0; worker < 3; ++worker) {
      std::vector<float> x = normal_values(size, 10 * step + worker);
      for (float& value : x) value = std::round(100 * value);
      parts.push_back(codec.encode(x, most, {}));
      codec.decode(parts.back(), 1, sum, {});
    }
  }
};

}  // namespace

TEST_CASE("a server encodes the sum as workers encode theirs, and without an error forgets the rest") {
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1);
  for (const char* name :
       {"top-k", "scaled-signs", "two-means", "chunked-top-k", "cosine-top-k", "block-quantization"}) {
    INFO(name);
    const auto codec = codec_of(name);
    CHECK(codec->combining() == Combining::sum_again);
    const Sent sent(*codec, 0);
    const auto aggregator = codec->aggregator();
    const Payload result = aggregator->combine(sent.parts);
    CHECK(result == find_codec(name)->make({}, primitives)->encode(sent.sum, most, {}));
    CHECK(aggregator->combine(sent.parts) == result);
    CHECK(parse_again(result) == result);
    std::vector<Payload> sizes = sent.parts;
    sizes[1] = sizes[1].without_contents();
    CHECK(aggregator->combine(sizes) == result.without_contents());
  }
  const auto coded = codec_of("top-k", {.index = IndexCoding::delta});
  const Payload one = Sent(*coded, 0).parts.front();
  CHECK_THROWS_AS(coded->aggregator()->combine(std::vector{one, one.without_contents()}), PayloadError);
  const Payload none = cut(one, 0, 0);
  CHECK(coded->aggregator()->combine(std::vector{none, none}) == none);
}

TEST_CASE("what a server leaves out of a sum is added to the next; all steps together lose nothing") {
  for (const char* name : {"top-k", "two-means", "cosine-top-k", "block-quantization"}) {
    INFO(name);
    const auto codec = codec_of(name);
    std::vector<ErrorFeedback> errors;
    errors.emplace_back(size, make_cpu_primitives(1));
    std::vector<double> given(size);
    std::vector<double> found(size);
    for (unsigned step = 0; step < 20; ++step) {
      const Sent sent(*codec, step);
      const std::vector<float> before(errors[0].residual().begin(), errors[0].residual().end());
      const Payload result = ServerSum(codec, errors).combine(sent.parts);
      std::vector<float> corrected = sent.sum;
      std::vector<float> decoded(size);
      for (std::size_t i = 0; i < size; ++i) corrected[i] += before[i];
      CHECK(result == codec->encode(corrected, most, {}));
      codec->decode(result, 1, decoded, {});
      for (std::size_t i = 0; i < size; ++i) {
        given[i] += static_cast<double>(sent.sum[i]);
        found[i] += static_cast<double>(decoded[i]);
      }
    }
    for (std::size_t i = 0; i < size; ++i)
      CHECK(found[i] + static_cast<double>(errors[0].residual()[i]) == Approx(given[i]).margin(0.02));
  }
}

TEST_CASE("each sum of a step has an error of its own, by its place in the step") {
  const auto codec = codec_of("top-k");
  std::vector<ErrorFeedback> both;
  std::vector<ErrorFeedback> alone[2];
  for (int i = 0; i < 2; ++i) {
    both.emplace_back(size, make_cpu_primitives(1));
    alone[i].emplace_back(size, make_cpu_primitives(1));
  }
  for (unsigned step = 0; step < 3; ++step) {
    const ServerSum sums(codec, both);
    for (unsigned place = 0; place < 2; ++place) {
      const Sent sent(*codec, 2 * step + place);
      CHECK(sums.combine(sent.parts) == ServerSum(codec, alone[place]).combine(sent.parts));
    }
  }
}
