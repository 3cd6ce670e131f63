#include <catch2/catch.hpp>
#include <limits>

#include "tests/kernels/samples.hpp"

using namespace simrun;

TEST_CASE("pack_signs sets bit i%32 of word i/32 where element i is below zero, and no other") {
  for (const Sample& sample : samples()) {
    for (const std::size_t n : {0U, 1U, 31U, 32U, 33U, 1000U, 240'007U}) {
      INFO(sample.name << ", N = " << n);
      const std::vector<float> x = sample.make(n);
      std::vector<std::uint32_t> expected((n + 31) / 32);
      for (std::size_t i = 0; i < n; ++i) expected[i / 32] |= static_cast<std::uint32_t>(x[i] < 0) << (i % 32);
      for (const unsigned threads : {1U, 2U, 7U}) {
        std::vector<std::uint32_t> words(expected.size(), 0xDEADBEEF);
        make_cpu_primitives(threads)->pack_signs(x, words);
        REQUIRE(words == expected);
      }
    }
  }
}

TEST_CASE("the largest finite values and the smallest denormals have signs like any other") {
  const float largest = std::numeric_limits<float>::max();
  const float smallest = std::numeric_limits<float>::denorm_min();
  std::vector<float> x(40, 1.0F);
  x[0] = -largest;
  x[1] = largest;
  x[2] = -smallest;
  x[3] = smallest;
  x[33] = -smallest;  // beyond the last whole word
  std::vector<std::uint32_t> words(2);
  make_cpu_primitives(1)->pack_signs(x, words);
  CHECK(words == std::vector<std::uint32_t>{0b0101, 0b0010});
}

TEST_CASE("add_signs subtracts the weight where the bit is set and adds it elsewhere") {
  for (const std::size_t n : {1U, 32U, 70U, 240'007U}) {
    const std::vector<float> x = normal_values(n);
    std::vector<std::uint32_t> words((n + 31) / 32);
    const auto primitives = make_cpu_primitives(3);
    primitives->pack_signs(x, words);
    std::vector<float> out(n, 1.0F);
    primitives->add_signs(words, 0.25F, -0.25F, out);
    std::vector<float> expected;
    for (const float value : x) expected.push_back(value < 0 ? 0.75F : 1.25F);
    CHECK(out == expected);
  }
}
