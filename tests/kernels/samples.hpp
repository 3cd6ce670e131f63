#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

/// A family of inputs, chosen for what it does to selecting and comparing.
struct Sample {
  std::string name;
  std::function<std::vector<float>(std::size_t count)> make;
};

inline std::vector<float> fill(std::size_t count, const std::function<float(std::size_t, std::mt19937&)>& value) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = value(i, random);
  return x;
}

inline float normal(std::mt19937& random) {
  return std::normal_distribution<float>()(random);
}

inline std::vector<float> normal_values(std::size_t count, unsigned seed = 0) {
  std::mt19937 random(seed);
  std::vector<float> x(count);
  for (float& value : x) value = normal(random);
  return x;
}

inline const std::vector<Sample>& samples() {
  using Random = std::mt19937;
  static const std::vector<Sample> all{
      {"normal", [](std::size_t n) { return normal_values(n, 1); }},
      {"normal, 1/8 steps",
       [](std::size_t n) { return fill(n, [](auto, Random& r) { return std::round(normal(r) * 8) / 8; }); }},
      {"constant", [](std::size_t n) { return std::vector<float>(n, 0.25F); }},
      {"plus or minus one",
       [](std::size_t n) { return fill(n, [](auto, Random& r) { return r() % 2 ? 1.0F : -1.0F; }); }},
      // In steps of 1/256: even of millions fp16 has the last, and the sum of three.
      {"ascending",
       [](std::size_t n) { return fill(n, [](std::size_t i, auto&) { return static_cast<float>(i) / 256; }); }},
      {"denormal",
       [](std::size_t n) { return fill(n, [](auto, Random& r) { return static_cast<float>(r() % 999) * 1e-42F; }); }},
      {"all zero", [](std::size_t n) { return std::vector<float>(n, 0.0F); }},
      {"zeros of both signs",
       [](std::size_t n) { return fill(n, [](auto, Random& r) { return r() % 2 ? 0.0F : -0.0F; }); }},
      {"mostly zero",
       [](std::size_t n) { return fill(n, [](auto, Random& r) { return r() % 8 ? 0.0F : normal(r); }); }},
      {"one hot",
       [](std::size_t n) { return fill(n, [n](std::size_t i, auto&) { return i == n / 2 ? -7.0F : 0.0F; }); }},
      // All share the exponent and the first three bits of the mantissa, the first digit that selecting counts.
      {"one bin",
       [](std::size_t n) {
         return fill(n, [](auto, Random& r) { return 1.0F + static_cast<float>(r() % 4096) / 32768; });
       }},
      {"largest at the end",
       [](std::size_t n) {
         return fill(n, [n](std::size_t i, Random& r) { return normal(r) + (i > n - n / 50 ? 50.0F : 0); });
       }},
  };
  return all;
}

/// A registered codec with one choice of its options.
struct CodecCase {
  std::string name;
  const CodecEntry* entry;
  CodecOptions options;

  std::unique_ptr<const Codec> make(unsigned threads = 1) const {
    return entry->make(options, make_cpu_primitives(threads));
  }
};

/// Every codec with every option that it takes.
std::vector<CodecCase> codec_cases();

/// Parses what the codec made, dense or not.
inline Payload parse_again(const Payload& payload) {
  if (is_dense(payload.kind())) return Payload::parse_dense(payload.kind(), payload.elements(), payload.bytes());
  return Payload::parse(payload.bytes());
}

}  // namespace simrun
