// Signs with one scale, as EF-signSGD sends them.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/error_feedback.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"
#include "tests/kernels/sum_oracle.hpp"

using namespace simrun;

namespace {

std::unique_ptr<const Codec> scaled_signs() {
  return find_codec("scaled-signs")->make({}, make_cpu_primitives(1));
}

std::vector<float> decoded(const Payload& payload, float weight = 1) {
  std::vector<float> out(payload.elements());
  scaled_signs()->decode(payload, weight, out, {});
  return out;
}

double square_norm(const std::vector<float>& x) {
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

}  // namespace

TEST_CASE("the sum of magnitudes is that of the documented order, to the last bit, on any number of threads") {
  for (const Sample& sample : samples()) {
    for (const std::size_t n : {0U, 1U, 31U, 32U, 33U, 1023U, 1024U, 1025U, 240'007U, 1'049'603U}) {
      INFO(sample.name << ", N = " << n);
      const std::vector<float> x = sample.make(n);
      const double expected = l1_norm_in_order({x.begin(), x.end()});
      for (const unsigned threads : {1U, 2U, 7U})
        REQUIRE(std::bit_cast<std::uint64_t>(make_cpu_primitives(threads)->sum(Term::magnitude, x)) ==
                std::bit_cast<std::uint64_t>(expected));
      double plain = 0;
      for (const float value : x) plain += std::abs(static_cast<double>(value));
      REQUIRE(expected == Approx(plain).epsilon(1e-12));
    }
  }
}

TEST_CASE("scaled signs are the signs and the mean magnitude, in a bit an element and 36 bytes") {
  for (const Sample& sample : samples()) {
    for (const std::size_t n : {1U, 32U, 1003U}) {
      INFO(sample.name << ", N = " << n);
      const std::vector<float> x = sample.make(n);
      const Payload payload = scaled_signs()->encode(x, n, {});
      CHECK(payload.size() == 32 + 4 + (n + 31) / 32 * 4);
      const auto scale = static_cast<float>(l1_norm_in_order({x.begin(), x.end()}) / static_cast<double>(n));
      CHECK(view_scaled_signs(payload).scale == scale);
      std::vector<float> expected(n);
      for (std::size_t i = 0; i < n; ++i) expected[i] = x[i] < 0 ? -scale : scale;
      CHECK(decoded(payload) == expected);
    }
  }
}

TEST_CASE("the error of scaled signs is the compressor's: ||p - D||^2 = ||p||^2 - ||p||_1^2 / N") {
  // D_i = s sign(p_i), s = ||p||_1 / N: ||p - D||^2 = ||p||^2 - 2 s sum |p_i| + N s^2 = ||p||^2 - N s^2. Over ||p||^2
  // that is 1 - delta, delta = ||p||_1^2 / (N ||p||^2), as in the paper; delta > 0 unless p = 0.
  for (const Sample& sample : samples()) {
    if (sample.name == "denormal") continue;  // the scale has but a few bits
    INFO(sample.name);
    const std::vector<float> p = sample.make(1003);
    std::vector<float> residual = p;
    scaled_signs()->settle(scaled_signs()->encode(p, 1003, {}), residual, {});
    const double norm = l1_norm_in_order({p.begin(), p.end()});
    CHECK(square_norm(residual) == Approx(square_norm(p) - norm * norm / 1003).margin(1e-5 * (1e-30 + square_norm(p))));
  }
}

TEST_CASE("gradients whose elements are all of one magnitude are sent whole") {
  for (const float magnitude : {0.0F, 1.0F, 0.1F, 3e38F, 1e-45F}) {
    INFO(magnitude);
    std::vector<float> x = normal_values(5000, 2);
    for (float& value : x) value = std::copysign(magnitude, value);
    const Payload payload = scaled_signs()->encode(x, 1, {});
    CHECK(decoded(payload) == x);
    scaled_signs()->settle(payload, x, {});
    CHECK(std::count(x.begin(), x.end(), 0.0F) == 5000);
  }
}

TEST_CASE("scaled signs: over many rounds what was sent and what is left is what came in") {
  constexpr std::size_t n = 1003;
  ErrorFeedback feedback(n, make_cpu_primitives(1));
  std::vector<double> total(n);
  std::vector<double> sent(n);
  for (unsigned round = 0; round < 200; ++round) {
    const std::vector<float> gradient = normal_values(n, round);
    const Payload payload = scaled_signs()->encode(feedback.correct(gradient), n, {});
    feedback.settle(*scaled_signs(), payload, {});
    const std::vector<float> delta = decoded(payload);
    for (std::size_t i = 0; i < n; ++i) {
      total[i] += static_cast<double>(gradient[i]);
      sent[i] += static_cast<double>(delta[i]);
    }
  }
  // A rounding of 2^-24 of at most 10 or so, twice in each of 200 rounds.
  for (std::size_t i = 0; i < n; ++i)
    REQUIRE(sent[i] + static_cast<double>(feedback.residual()[i]) == Approx(total[i]).margin(400 * 10 * 6e-8));
}

TEST_CASE("scaled signs of different scales are not joined") {
  const auto codec = scaled_signs();
  const Payload one = codec->encode(std::vector<float>(32, 1), 32, {});
  const Payload two = codec->encode(std::vector<float>(32, -2), 32, {});
  CHECK_THROWS_AS(join(std::vector{one, two}), PayloadError);
  CHECK(decoded(join(std::vector{one, one})) == std::vector<float>(64, 1));
}
