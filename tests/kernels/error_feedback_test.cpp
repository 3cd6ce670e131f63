#include "kernels/error_feedback.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::vector<float> residual_of(const ErrorFeedback& feedback) {
  return {feedback.residual().begin(), feedback.residual().end()};
}

}  // namespace

TEST_CASE("error feedback over two steps worked by hand") {
  // K = 1. 3 1 -2: 3 is sent, 0 1 -2 stays. With 1 1 -1 that is 1 2 -3: -3 is sent, 1 2 0 stays.
  const auto codec = find_codec("top-k")->make({}, make_cpu_primitives(1));
  ErrorFeedback feedback(3, make_cpu_primitives(1));
  const Payload first = codec->encode(feedback.correct(std::vector<float>{3, 1, -2}), 1, {});
  CHECK(first == codec->encode(std::vector<float>{3, 0, 0}, 1, {}));
  feedback.settle(*codec, first, {});
  CHECK(residual_of(feedback) == std::vector<float>{0, 1, -2});
  const Payload second = codec->encode(feedback.correct(std::vector<float>{1, 1, -1}), 1, {});
  CHECK(second == codec->encode(std::vector<float>{0, 0, -3}, 1, {}));
  feedback.settle(*codec, second, {});
  CHECK(residual_of(feedback) == std::vector<float>{1, 2, 0});
}

TEST_CASE("nothing is lost: all that was sent plus the residual is the sum of the gradients") {
  // Whole numbers, which fp32 adds exactly.
  constexpr std::size_t elements = 200;
  const auto codec = find_codec("top-k")->make({}, make_cpu_primitives(1));
  ErrorFeedback feedback(elements, make_cpu_primitives(1));
  std::vector<float> sent(elements);
  std::vector<float> total(elements);
  for (unsigned step = 0; step < 30; ++step) {
    std::vector<float> gradient = normal_values(elements, step);
    for (std::size_t i = 0; i < elements; ++i) total[i] += gradient[i] = std::round(gradient[i] * 100);
    const Payload payload = codec->encode(feedback.correct(gradient), 7, {});
    codec->decode(payload, 1, sent, {});
    feedback.settle(*codec, payload, {});
  }
  for (std::size_t i = 0; i < elements; ++i) CHECK(sent[i] + feedback.residual()[i] == total[i]);
}

TEST_CASE("a gradient of another size is refused") {
  ErrorFeedback feedback(3, make_cpu_primitives(1));
  CHECK_THROWS_AS(feedback.correct(std::vector<float>(4)), std::invalid_argument);
}

TEST_CASE("a weight below 1 forgets: the residual decays") {
  // K = 1 and weight 1/2. 4 1: 4 is sent, 0 1 stays. Half of that and 4 1 is 4 1.5, then 4 1.75.
  const auto codec = find_codec("top-k")->make({}, make_cpu_primitives(1));
  ErrorFeedback feedback(2, make_cpu_primitives(1), 0.5F);
  for (const float left : {1.0F, 1.5F, 1.75F}) {
    const Payload sent = codec->encode(feedback.correct(std::vector<float>{4, 1}), 1, {});
    feedback.settle(*codec, sent, {});
    CHECK(residual_of(feedback) == std::vector<float>{0, left});
  }
}

TEST_CASE("a residual of before is gone on from") {
  ErrorFeedback feedback(2, make_cpu_primitives(1));
  feedback.restore(std::vector<float>{3, -1});
  const auto corrected = feedback.correct(std::vector<float>{1, 1});
  CHECK(std::vector<float>(corrected.begin(), corrected.end()) == std::vector<float>{4, 0});
  CHECK_THROWS_AS(feedback.restore(std::vector<float>(3)), std::invalid_argument);
}
