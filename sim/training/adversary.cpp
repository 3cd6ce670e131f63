#include "sim/training/adversary.hpp"

#include <cmath>
#include <random>

namespace simrun {
namespace {

double root_mean_square(std::span<const float> values) {
  double square = 0;
  for (const float x : values) square += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(square / static_cast<double>(values.size()));
}

}  // namespace

std::size_t count_adversaries(const Adversaries& adversaries, std::size_t workers) {
  return static_cast<std::size_t>(std::llround(adversaries.share * static_cast<double>(workers)));
}

void corrupt(Adversaries::Behaviour behaviour, RandomStream random, std::span<float> gradient) {
  switch (behaviour) {
    case Adversaries::Behaviour::flip:
      for (float& x : gradient) x = -x;
      return;
    case Adversaries::Behaviour::random_signs:
      for (float& x : gradient) x = (random() & 1U) != 0 ? x : -x;
      return;
    case Adversaries::Behaviour::noise: {
      const double size = root_mean_square(gradient);
      if (!(size > 0)) return;  // nothing to be as large as; what is not finite is found when it is encoded
      std::normal_distribution<float> normal(0, static_cast<float>(size));
      for (float& x : gradient) x = normal(random);
      return;
    }
  }
}

}  // namespace simrun
