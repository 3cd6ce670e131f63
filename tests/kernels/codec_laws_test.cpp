// What holds for every registered codec, whatever it does.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <limits>

#include "kernels/error_feedback.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"
#include "kernels/value_coding.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

constexpr std::size_t elements = 1003;  // odd, and not whole words
constexpr std::size_t kept = 57;

std::vector<float> decoded(const Codec& codec, const Payload& payload, float weight = 1) {
  std::vector<float> out(payload.elements());
  codec.decode(payload, weight, out, {});
  return out;
}

/// A payload of each of three workers, whose gradients are unlike.
std::vector<Payload> payloads_of_three(const Codec& codec) {
  std::vector<Payload> parts;
  for (unsigned worker = 0; worker < 3; ++worker) {
    parts.push_back(codec.encode(normal_values(elements, worker), kept, {}));
  }
  return parts;
}

}  // namespace

TEST_CASE("counted bytes are the declared bytes and those of the shape") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.make();
    for (const std::size_t n : {1U, 31U, 32U, 33U, 1003U}) {
      for (const std::size_t k : {std::size_t{1}, (n + 1) / 2, n}) {
        const Payload payload = codec->encode(normal_values(n), k, {});
        CHECK(payload.kind() == codec->kind());
        CHECK(payload.elements() == n);
        CHECK(payload.size() == payload.bytes().size());
        if (const auto shape = codec->shape(n, k, {})) CHECK(*shape == payload.header());
      }
    }
  }
}

TEST_CASE("sizes of several steps are those of what is encoded in each") {
  std::vector<RoundContext> steps(3);
  for (std::size_t s = 0; s < steps.size(); ++s) steps[s].seed = s + 1;
  for (const CodecCase& each : codec_cases()) {
    const auto codec = each.make();
    for (const Sample& sample : samples()) {
      for (const std::size_t k : {std::size_t{1}, kept, elements}) {
        INFO(each.name << ", " << sample.name << ", " << k);
        const std::vector<float> gradient = sample.make(elements);
        const std::vector<Payload> sizes = codec->sizes(gradient, k, steps);
        REQUIRE(sizes.size() == steps.size());
        for (std::size_t s = 0; s < steps.size(); ++s) {
          CHECK_FALSE(sizes[s].has_contents());
          CHECK(sizes[s].header() == codec->encode(gradient, k, steps[s]).header());
        }
      }
    }
  }
}

TEST_CASE("parsing the bytes of a payload gives the payload") {
  for (const CodecCase& each : codec_cases()) {
    for (const Sample& sample : samples()) {
      INFO(each.name << ", " << sample.name);
      const Payload payload = each.make()->encode(sample.make(elements), kept, {});
      CHECK(parse_again(payload) == payload);
      CHECK(parse_again(payload).bytes().size() == payload.size());
    }
  }
}

TEST_CASE("no gradient at all can be encoded where nothing is selected") {
  for (const char* name :
       {"dense", "signs", "scaled-signs", "gathered-signs", "two-means", "qsgd", "terngrad", "exponents",
        "chunked-top-k", "cosine-top-k", "block-quantization", "requantized-levels", "summed-levels"}) {
    const auto codec = find_codec(name)->make({}, make_cpu_primitives(1));
    const Payload payload = codec->encode({}, 0, {});
    CHECK(parse_again(payload) == payload);
    CHECK(payload.header() == codec->shape(0, 0, {}));
  }
}

TEST_CASE("values: what is decoded plus the residual is the corrected gradient, exactly") {
  // fp32 is sent as it is. For fp16 and bf16, x minus its rounded value is exact (they are within a factor of two of
  // each other, Sterbenz, or the rounded value is 0), and so is adding the two up again.
  for (const CodecCase& each : codec_cases()) {
    const auto codec = each.make();
    const bool sends_values =
        is_dense(codec->kind()) || codec->kind() == PayloadKind::pairs || codec->kind() == PayloadKind::chunked_pairs;
    // Of others it holds to rounding: scaled_signs_test.cpp, rounding_test.cpp, value_coding_test.cpp; and of
    // coefficients: cosine_transform_test.cpp.
    if (!sends_values || each.entry->name == "cosine-top-k" || value_coding(each.options.values).bits < 16) continue;
    for (const Sample& sample : samples()) {
      INFO(each.name << ", " << sample.name);
      ErrorFeedback feedback(elements, make_cpu_primitives(1));
      const auto view = feedback.correct(sample.make(elements));
      const std::vector<float> corrected(view.begin(), view.end());
      const Payload payload = codec->encode(corrected, kept, {});
      feedback.settle(*codec, payload, {});
      std::vector<float> sum = decoded(*codec, payload);
      for (std::size_t i = 0; i < elements; ++i) sum[i] += feedback.residual()[i];
      CHECK(sum == corrected);
    }
  }
}

TEST_CASE("signs: what is sent has the sign of the corrected gradient and leaves no residual, the rest stays") {
  for (const CodecCase& each : codec_cases()) {
    const auto codec = each.make();
    if (codec->combining() != Combining::vote) continue;
    for (const Sample& sample : samples()) {
      INFO(each.name << ", " << sample.name);
      const std::vector<float> corrected = sample.make(elements);
      const Payload payload = codec->encode(corrected, kept, {});
      const std::vector<float> sent = decoded(*codec, payload);
      std::vector<float> residual = corrected;
      codec->settle(payload, residual, {});
      std::vector<float> expected(elements);
      for (std::size_t i = 0; i < elements; ++i) expected[i] = sent[i] == 0 ? corrected[i] : 0.0F;
      CHECK(residual == expected);
      for (std::size_t i = 0; i < elements; ++i) expected[i] = sent[i] == 0 ? 0.0F : corrected[i] < 0 ? -1.0F : 1.0F;
      CHECK(sent == expected);
      const auto entries = static_cast<std::uint64_t>(elements - std::count(sent.begin(), sent.end(), 0.0F));
      CHECK(entries == payload.entries());
    }
  }
}

TEST_CASE("decoding adds the weighted values to what is there") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.make();
    const Payload payload = codec->encode(normal_values(elements), kept, {});
    const std::vector<float> once = decoded(*codec, payload);
    std::vector<float> out(elements, 2.0F);
    codec->decode(payload, -0.5F, out, {});
    for (std::size_t i = 0; i < elements; ++i) REQUIRE(out[i] == 2.0F + -0.5F * once[i]);
  }
}

TEST_CASE("the same input gives the same bytes on any number of threads") {
  constexpr std::size_t many = 240'007;  // enough work for seven threads
  const std::vector<float> gradient = normal_values(many);
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto one = each.make(1);
    const Payload expected = one->encode(gradient, many / 50, {});
    for (const unsigned threads : {2U, 3U, 7U}) {
      const auto codec = each.make(threads);
      const Payload payload = codec->encode(gradient, many / 50, {});
      CHECK(payload == expected);
      CHECK(decoded(*codec, payload) == decoded(*one, expected));
      if (!codec->aggregator()) continue;
      const std::vector<Payload> parts{payload, one->encode(normal_values(many, 9), many / 50, {})};
      CHECK(codec->aggregator()->combine(parts) == one->aggregator()->combine(parts));
    }
  }
}

TEST_CASE("a value that is not finite is refused, and the lowest one is named") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const CodecCase& each : codec_cases()) {
    for (const std::size_t n : {std::size_t{40}, std::size_t{100'003}}) {
      for (const float bad : {nan, -nan, infinity, -infinity}) {
        for (const std::size_t at : {std::size_t{0}, n / 3, n - 1}) {
          INFO(each.name << ", " << n << " elements, element " << at);
          std::vector<float> x = normal_values(n);
          x[at] = bad;
          x[n - 1] = bad;
          try {
            each.make(2)->encode(x, 3, {});
            FAIL("no exception");
          } catch (const NonFiniteError& error) {
            CHECK(error.element == at);
          }
        }
      }
    }
  }
}

TEST_CASE("cutting a payload and joining the parts gives the payload") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.make();
    const std::vector<float> gradient = normal_values(elements);
    const Payload payload = codec->encode(gradient, kept, {});
    std::array<std::uint64_t, 6> bounds{0, 32, 32, 480, 992, elements};  // one part is empty
    const std::uint64_t grain = grain_of(layout_of(payload.kind()), payload.header().format);
    for (std::uint64_t& bound : bounds) bound = bound == elements ? bound : bound / grain * grain;
    const std::vector<float> whole = decoded(*codec, payload);
    std::vector<Payload> parts;
    for (std::size_t p = 0; p + 1 < bounds.size(); ++p) {
      parts.push_back(cut(payload, bounds[p], bounds[p + 1]));
      CHECK(parse_again(parts.back()) == parts.back());
      const std::vector<float> part = decoded(*codec, parts.back());
      CHECK(std::equal(part.begin(), part.end(), whole.begin() + static_cast<std::ptrdiff_t>(bounds[p])));
    }
    CHECK(join(parts) == payload);
    for (Payload& part : parts) part = part.without_contents();
    const bool sizes_add_up =
        !layout_of(payload.kind()).has_indices || index_coding(payload.index()).size(elements, kept).has_value();
    if (sizes_add_up) {
      CHECK(join(parts) == payload.without_contents());
    } else {
      CHECK_THROWS_AS(join(parts), PayloadError);
    }
  }
}

TEST_CASE("combining one payload gives that payload") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.make();
    if (!codec->aggregator() || codec->combining() == Combining::sum_once) continue;
    if (each.entry->name == "cosine-top-k") continue;  // coefficients of what is decoded differ by rounding
    const Payload payload = codec->encode(normal_values(elements), kept, {});
    CHECK(codec->aggregator()->combine(std::vector{payload}) == payload);
  }
}

TEST_CASE("a codec has an aggregator unless its payloads are gathered") {
  for (const CodecCase& each : codec_cases()) {
    CHECK((each.make()->aggregator() == nullptr) == (each.make()->combining() == Combining::gather));
  }
}

TEST_CASE("combining payloads without contents gives the size of the result, or is refused where it is unknown") {
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.make();
    const auto aggregator = codec->aggregator();
    if (!aggregator) continue;
    std::vector<Payload> parts = payloads_of_three(*codec);
    const Payload full = aggregator->combine(parts);
    parts[1] = parts[1].without_contents();
    const bool varies = codec->kind() == PayloadKind::sparse_signs || codec->combining() == Combining::sum_entries;
    if (varies || !codec->shape(elements, kept, {})) {
      CHECK_THROWS_AS(aggregator->combine(parts), PayloadError);
    } else {
      const Payload result = aggregator->combine(parts);
      CHECK_FALSE(result.has_contents());
      CHECK(result.header() == full.header());
    }
  }
}

TEST_CASE("payloads that do not fit are refused") {
  const Payload other = find_codec("dense")
                            ->make({.precision = Precision::fp16}, make_cpu_primitives(1))
                            ->encode(normal_values(9), 1, {});
  for (const CodecCase& each : codec_cases()) {
    INFO(each.name);
    const auto codec = each.make();
    const Payload payload = codec->encode(normal_values(elements), kept, {});
    std::vector<float> shorter(elements - 1);
    std::vector<float> right(elements);
    CHECK_THROWS_AS(codec->decode(payload, 1, shorter, {}), PayloadError);
    CHECK_THROWS_AS(codec->settle(payload, shorter, {}), PayloadError);
    CHECK_THROWS_AS(codec->decode(payload.without_contents(), 1, right, {}), PayloadError);
    CHECK_THROWS_AS(codec->decode(other, 1, right, {}), PayloadError);
    if (const auto aggregator = codec->aggregator()) {
      CHECK_THROWS_AS(aggregator->combine({}), PayloadError);
      CHECK_THROWS_AS(aggregator->combine(std::vector{payload, other}), PayloadError);
      const Payload longer = codec->encode(normal_values(elements + 1), kept, {});
      CHECK_THROWS_AS(aggregator->combine(std::vector{payload, longer}), PayloadError);
    }
  }
}

TEST_CASE("the codecs are those that users are told of") {
  std::vector<std::string> names;
  for (const CodecEntry& entry : codecs()) {
    names.emplace_back(entry.name);
    CHECK(find_codec(entry.name) == &entry);
    CHECK_FALSE(entry.summary.empty());
  }
  CHECK(names == std::vector<std::string>{"dense",
                                          "top-k",
                                          "gtop-k",
                                          "signs",
                                          "scaled-signs",
                                          "sparse-signs",
                                          "leader-indices",
                                          "values-at",
                                          "left-factors",
                                          "right-factors",
                                          "random-entries",
                                          "gathered-signs",
                                          "momentum-signs",
                                          "two-means",
                                          "qsgd",
                                          "terngrad",
                                          "exponents",
                                          "sampled-pairs",
                                          "chunked-top-k",
                                          "cosine-top-k",
                                          "block-quantization",
                                          "requantized-levels",
                                          "block-maxima",
                                          "levels-at-scales",
                                          "sketched-pairs",
                                          "random-block",
                                          "fitted-pairs",
                                          "parted-pairs",
                                          "ok-top-k",
                                          "summed-levels",
                                          "edge-factors"});
  CHECK(find_codec("no such codec") == nullptr);
}
