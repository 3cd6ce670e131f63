#pragma once

#include <span>

#include "sim/collectives/collective.hpp"
#include "sim/network/part_transport.hpp"

namespace simrun {

/// What the GPUs of a host do together.
enum class Hierarchy {
  flat,    ///< nothing: each is a worker like any other
  shard,   ///< each gets its part of the host's mean gradient, encodes that, and exchanges it with the GPUs of the same
           ///< place in other hosts (Cupcake, MLSys 2023)
  leader,  ///< the first gets the host's mean gradient, encodes it, and exchanges it with the firsts of other hosts
};

struct HierarchyEntry {
  const char* name;
  const char* summary;
  Hierarchy hierarchy;
};

std::span<const HierarchyEntry> hierarchies();
const char* name_of(Hierarchy hierarchy);

/// M workers on hosts of as many GPUs each, in a row.
struct HostGroups {
  Hierarchy hierarchy = Hierarchy::flat;
  int workers = 1;
  int gpus = 1;  ///< of a host; 1 where they do nothing together

  int hosts() const { return workers / gpus; }

  /// Those on the host of `rank`.
  PartOfRanks in_host(int rank) const { return {rank / gpus * gpus, 1, gpus}; }

  /// Those that exchange with each other: one of each host.
  PartOfRanks across_hosts(int rank) const { return {rank % gpus, gpus, hosts()}; }

  /// True if that worker encodes.
  bool encodes(int rank) const { return hierarchy != Hierarchy::leader || rank % gpus == 0; }

  /// Workers that encode, and the number of the one that does it for `rank`, or for a part of its host.
  int encoders() const { return hierarchy == Hierarchy::leader ? hosts() : workers; }
  int encoder_of(int rank) const { return hierarchy == Hierarchy::leader ? rank / gpus : rank; }

  /// Into how many parts a gradient is cut, of which each is encoded by itself.
  int shards() const { return hierarchy == Hierarchy::shard ? gpus : 1; }
};

/// The part of a parameter server on a host of its own: it serves all groups of workers that exchange with each other.
void serve_hosts(const HostGroups& hosts, const Collective& collective, Transport& transport,
                 const Aggregator& aggregator);

}  // namespace simrun
