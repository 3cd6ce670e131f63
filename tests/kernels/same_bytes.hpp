#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/kernels/samples.hpp"

namespace simrun {

/// Requires that a codec on `primitives` makes the bytes that it makes on the CPU back end: the payloads of three
/// workers, what they combine to, what they decode to and what they leave in a residual.
inline void check_same_bytes(const CodecCase& each, const Sample& sample, std::size_t n, std::size_t k,
                             const std::shared_ptr<const Primitives>& primitives) {
  INFO(each.name << ", " << sample.name << ", N = " << n << ", K = " << k);
  const auto codec = each.entry->make(each.options, primitives);
  const auto reference = each.make();
  std::vector<Payload> parts;
  for (unsigned worker = 0; worker < 3; ++worker) {
    std::vector<float> x = sample.make(n);
    std::rotate(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(worker * n / 7), x.end());
    parts.push_back(codec->encode(x, k, {}));
    REQUIRE(parts.back() == reference->encode(x, k, {}));
    std::vector<float> out = normal_values(n, worker);
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
