#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/network/transport.hpp"

namespace simrun {

/// What an exchange leaves on a worker, to be decoded.
struct Outcome {
  /// One payload where they were combined; by rank all M where they were gathered, or those of neighbours.
  std::vector<Payload> parts;
  int alike = 0;            ///< further gathered parts like the last, without contents
  std::uint64_t apart = 0;  ///< bytes that came in an exchange of their own, of metadata

  /// Of sums that this worker made, what did not make its way into the result: Aggregator::cut_off. For its residual.
  std::optional<Payload> cut_off = std::nullopt;

  std::uint64_t bytes() const;
  std::uint64_t entries() const;
};

/// A way for M workers to exchange their payloads. Ordinary code over a Transport: it knows neither what the bytes mean
/// nor what time is. Works for every M from 1 up; at M = 1 nothing is sent.
class Collective {
 public:
  virtual ~Collective() = default;

  /// One worker's part. Every worker calls it with its own payload. `aggregator` combines payloads; null where they are
  /// not combined.
  virtual Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const = 0;

  /// The part of a server on a host of its own, for the collectives that have one. It serves several groups of workers
  /// at once, each over a transport that has these workers alone; each gets its own result.
  virtual void serve(std::span<Transport* const> groups, const Aggregator& aggregator) const;

  /// The same for all workers as one group.
  void serve(Transport& transport, const Aggregator& aggregator) const {
    Transport* const all[] = {&transport};
    serve(all, aggregator);
  }
};

/// Where a parameter server runs.
enum class ServerPlace {
  own_host,  ///< on a host of its own, after the M workers
  rank0,     ///< on the host of rank 0, which is a worker as well
};

/// What users choose about collectives that have the choice.
struct CollectiveOptions {
  ServerPlace server = ServerPlace::own_host;
  Graph graph = {};  ///< of neighbours
};

/// A collective that users can name, and what it can combine.
struct CollectiveEntry {
  std::string_view name;
  std::string_view summary;
  std::span<const Combining> combines;
  bool has_server = false;
  bool joins_all_pairs = false;  ///< every worker exchanges with every other at once
  bool joins_in_turn = false;    ///< every worker exchanges with every other, with some at once
  std::unique_ptr<const Collective> (*make)(const CollectiveOptions& options);

  bool can(Combining combining) const;
};

/// Every collective, in the order in which they are listed to users.
std::span<const CollectiveEntry> collectives();

/// The entry called `name`, or null.
const CollectiveEntry* find_collective(std::string_view name);

}  // namespace simrun
