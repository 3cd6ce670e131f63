#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/primitives.hpp"

/// What make() gives, made once: a case is entered anew for every repetition.
template <class Make>
const auto& once(const Make& make) {
  static const auto value = make();
  return value;
}

/// Laplace values, which gradients resemble.
inline std::vector<float> laplace(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::exponential_distribution<float> magnitude;
  std::vector<float> x(count);
  for (float& value : x) value = (random() & 1U) != 0 ? magnitude(random) : -magnitude(random);
  return x;
}

/// Evenly spread indices below `elements` with the values of as many largest of that many Laplace values: above
/// log(elements / entries), again exponential.
inline simrun::Pairs largest_of_laplace(std::size_t entries, std::size_t elements, unsigned seed) {
  simrun::Pairs pairs{std::vector<std::uint32_t>(entries), laplace(entries, seed)};
  const auto least = std::log(static_cast<float>(elements) / static_cast<float>(entries));
  for (float& value : pairs.values) value += std::copysign(least, value);
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::uint32_t> gap(1, static_cast<std::uint32_t>(2 * elements / entries - 2));
  std::uint32_t at = 0;
  for (std::uint32_t& index : pairs.indices) index = at += gap(random);
  return pairs;
}
