#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/kernels/samples.hpp"

namespace simrun {

/// What codecs are tried on: gradients of three workers, and arrays to decode on top of. Codecs can share it.
struct SameBytesInputs {
  SameBytesInputs(const Sample& sample, std::size_t n) : name(sample.name) {
    const std::vector<float> x = sample.make(n);
    for (unsigned worker = 0; worker < 3; ++worker) {
      gradients.push_back(x);
      std::vector<float>& gradient = gradients.back();
      std::rotate(gradient.begin(), gradient.begin() + static_cast<std::ptrdiff_t>(worker * n / 7), gradient.end());
      sums.push_back(normal_values(n, worker));
    }
  }

  std::string name;
  std::vector<std::vector<float>> gradients;
  std::vector<std::vector<float>> sums;
};

/// Requires that a codec on `primitives` makes the bytes that it makes on the CPU back end: the payloads of three
/// workers, what they combine to, what they decode to and what they leave in a residual.
inline void check_same_bytes(const CodecCase& each, const SameBytesInputs& inputs, std::size_t k,
                             const std::shared_ptr<const Primitives>& primitives) {
  INFO(each.name << ", " << inputs.name << ", N = " << inputs.sums.front().size() << ", K = " << k);
  const auto codec = each.entry->make(each.options, primitives);
  const auto reference = each.make();
  std::vector<Payload> parts;
  for (std::size_t worker = 0; worker < inputs.gradients.size(); ++worker) {
    const std::vector<float>& x = inputs.gradients[worker];
    parts.push_back(codec->encode(x, k, {}));
    REQUIRE(parts.back() == reference->encode(x, k, {}));
    std::vector<float> out = inputs.sums[worker];
    std::vector<float> expected = out;
    codec->decode(parts.back(), 0.3F, out, {});
    reference->decode(parts.back(), 0.3F, expected, {});
    REQUIRE(out == expected);
    codec->settle(parts.back(), out, {});
    reference->settle(parts.back(), expected, {});
    REQUIRE(out == expected);
  }
  if (const auto aggregator = codec->aggregator()) {
    REQUIRE(aggregator->combine(parts) == reference->aggregator()->combine(parts));
  }
}

}  // namespace simrun
