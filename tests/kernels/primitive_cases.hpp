#pragma once

#include <catch2/catch.hpp>
#include <random>
#include <span>
#include <vector>

#include "tests/kernels/samples.hpp"

namespace simrun {

inline std::vector<std::uint32_t> random_words(std::size_t count, std::mt19937& random) {
  std::vector<std::uint32_t> words(count);
  for (std::uint32_t& word : words) word = static_cast<std::uint32_t>(random());
  return words;
}

/// Each index below `elements` with the same probability.
inline std::vector<std::uint32_t> random_indices(std::size_t elements, double density, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; i < elements; ++i) {
    if (std::bernoulli_distribution(density)(random)) indices.push_back(i);
  }
  return indices;
}

/// Requires of a vote on `kernels` what the CPU back end gives, with as many voters as take every kind of counter.
inline void check_votes(const Primitives& kernels) {
  for (const std::size_t voters : {3U, 20U, 100U, 300U, 4100U}) {
    INFO(voters << " voters");
    const std::size_t words = voters < 1000 ? 4003 : 5;
    std::mt19937 random(static_cast<unsigned>(voters));
    std::vector<std::vector<std::uint32_t>> planes;
    for (std::size_t v = 0; v < voters; ++v) planes.push_back(random_words(words, random));
    const std::vector<std::span<const std::uint32_t>> views(planes.begin(), planes.end());
    std::vector<std::uint32_t> result(words);
    std::vector<std::uint32_t> expected(words);
    kernels.vote(views, result);
    make_cpu_primitives(1)->vote(views, expected);
    REQUIRE(result == expected);
  }
}

/// Requires of products of low rank and of gathering on `kernels` what the CPU back end gives, but for rounding.
inline void check_low_rank(const Primitives& kernels) {
  const LowRank shape{300, 70, 3};
  const std::vector<float> m = normal_values(shape.rows * shape.columns, 1);
  const std::vector<std::uint32_t> indices = random_indices(m.size(), 0.5, 1);
  const auto result = [&](const Primitives& on) {
    std::vector<float> p(shape.rank * shape.rows);
    std::vector<float> q(shape.rank * shape.columns);
    std::vector<float> sums = m;
    on.multiply(shape, m, std::vector<float>(q.size(), 0.5F), p);
    on.orthonormalise(p, shape.rows);
    on.multiply_transposed(shape, m, p, q);
    on.add_product(shape, p, q, -1, sums);
    std::vector<float> some(indices.size());
    on.gather(sums, indices, some);
    return some;
  };
  const std::vector<float> found = result(kernels);
  const std::vector<float> expected = result(*make_cpu_primitives(1));
  for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(found[i] == Approx(expected[i]).margin(1e-4));
}

}  // namespace simrun
