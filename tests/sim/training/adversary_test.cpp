#include "sim/training/adversary.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace simrun {

TEST_CASE("adversaries send the opposite, random signs or noise, of the size of their gradient") {
  using Behaviour = Adversaries::Behaviour;
  std::vector<float> gradient(10000);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = i % 2 == 0 ? 3.0F : -4.0F;
  const auto sent = [&](Behaviour behaviour) {
    std::vector<float> values = gradient;
    corrupt(behaviour, {1, Randomness::adversary, 0, 0}, values);
    return values;
  };
  const std::vector<float> flipped = sent(Behaviour::flip);
  const std::vector<float> random = sent(Behaviour::random_signs);
  const std::vector<float> noise = sent(Behaviour::noise);
  double kept = 0;
  double square = 0;
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    CHECK(flipped[i] == -gradient[i]);
    CHECK(std::abs(random[i]) == std::abs(gradient[i]));
    kept += random[i] == gradient[i] ? 1 : 0;
    square += static_cast<double>(noise[i]) * static_cast<double>(noise[i]);
  }
  // Within five deviations: of half the elements, sqrt(n)/2 = 50; of the mean square 12.5, 12.5 sqrt(2/n) = 0.18.
  CHECK(kept == Approx(5000).margin(250));
  CHECK(square / 10000 == Approx(12.5).margin(0.9));
  CHECK(count_adversaries({.share = 0.2, .behaviour = Behaviour::flip}, 15) == 3);
  CHECK(count_adversaries({.share = 0, .behaviour = Behaviour::flip}, 15) == 0);
}

}  // namespace simrun
