#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/collectives/collective.hpp"

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

struct CollectiveCase {
  const CollectiveEntry& entry;
  const Codec& codec;
  ServerPlace place;
  int workers;

  bool has_server() const { return entry.has_server && place == ServerPlace::own_host && workers > 1; }
};

/// Every collective with every codec that fits it, every place of a server and these numbers of workers. `check` is
/// also told the case in words.
void for_each_case(std::span<const int> worker_counts,
                   const std::function<void(const CollectiveCase&, const std::string&)>& check);

/// One a worker. Sums of their values are exact, so that the order of additions does not show.
std::vector<Payload> payloads_of(const Codec& codec, int workers);

/// What an exchange of these leaves on every worker, found without any.
std::vector<Payload> sequential_result(const Codec& codec, const std::vector<Payload>& payloads);

}  // namespace simrun
