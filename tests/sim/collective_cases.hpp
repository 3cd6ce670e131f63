#pragma once

#include <cstddef>
#include <vector>

#include "kernels/codec.hpp"

namespace simrun {

// What the collectives are tried with, whatever the transport.

constexpr std::size_t elements = 1000;
constexpr std::size_t kept = 37;

/// A codec with an index coding that it takes.
struct Choice {
  const CodecEntry* codec;
  CodecOptions options;
};

/// Every codec with every index coding.
std::vector<Choice> choices();

/// One a worker. Sums of their values are exact, so that the order of additions does not show.
std::vector<Payload> payloads_of(const Codec& codec, int workers);

/// What an exchange of these leaves on every worker, found without any.
std::vector<Payload> sequential_result(const Codec& codec, const std::vector<Payload>& payloads);

}  // namespace simrun
