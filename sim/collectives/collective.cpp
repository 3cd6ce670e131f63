#include "sim/collectives/collective.hpp"

#include <algorithm>
#include <stdexcept>

#include "kernels/find_entry.hpp"
#include "sim/collectives/collectives.hpp"

namespace simrun {

std::uint64_t Outcome::bytes() const {
  return apart + size_of(parts) + (alike > 0 ? parts.back().size() * static_cast<std::uint64_t>(alike) : 0);
}

std::uint64_t Outcome::entries() const {
  std::uint64_t total = alike > 0 ? parts.back().entries() * static_cast<std::uint64_t>(alike) : 0;
  for (const Payload& part : parts) total += part.entries();
  return total;
}

void Collective::serve(std::span<Transport* const>, const Aggregator&) const {
  throw std::logic_error("this collective has no server on a host of its own");
}

bool CollectiveEntry::can(Combining combining) const {
  return std::find(combines.begin(), combines.end(), combining) != combines.end();
}

namespace {

constexpr Combining sums[] = {Combining::sum};
constexpr Combining sums_or_merges[] = {Combining::sum, Combining::merge};
constexpr Combining at_server[] = {Combining::sum, Combining::vote, Combining::sum_once, Combining::sum_again};
constexpr Combining at_shards[] = {Combining::vote, Combining::sum_once};
constexpr Combining leads[] = {Combining::lead};
constexpr Combining gathers[] = {Combining::gather};
constexpr Combining part_merges[] = {Combining::merge_parts};
constexpr Combining entry_sums[] = {Combining::sum_entries};
constexpr Combining edges[] = {Combining::neighbours};

}  // namespace

std::span<const CollectiveEntry> collectives() {
  static constexpr CollectiveEntry table[] = {
      {.name = "ring", .summary = "ring all-reduce, 2(M-1) steps of N/M", .combines = sums, .make = make_ring},
      {.name = "halving-doubling",
       .summary = "recursive halving and doubling all-reduce, 2 log2 M steps",
       .combines = sums,
       .make = make_halving_doubling},
      {.name = "tree",
       .summary = "binomial tree to rank 0 and back, log2 M steps each of a whole payload",
       .combines = sums_or_merges,
       .make = make_tree},
      {.name = "parameter-server",
       .summary = "M payloads into one server, M replies out",
       .combines = at_server,
       .has_server = true,
       .make = make_parameter_server},
      {.name = "sharded-parameter-server",
       .summary = "every worker serves 1/M of the elements",
       .combines = at_shards,
       .joins_all_pairs = true,
       .make = make_sharded_parameter_server},
      {.name = "allgather-ring",
       .summary = "ring all-gather, M-1 steps of one payload",
       .combines = gathers,
       .make = make_allgather_ring},
      {.name = "allgather-doubling",
       .summary = "Bruck's all-gather, log2 M steps of doubling size",
       .combines = gathers,
       .make = make_allgather_doubling},
      {.name = "broadcast",
       .summary = "binomial tree from the leader, log2 M steps each of a whole payload",
       .combines = leads,
       .make = make_broadcast},
      {.name = "sparse-halving",
       .summary = "parts merged in log2 M steps of halving size, then Bruck's all-gather of them",
       .combines = part_merges,
       .make = make_sparse_halving},
      {.name = "balanced-split",
       .summary =
           "regions with as many entries each, added up by a worker each, then Bruck's all-gather of the largest",
       .combines = entry_sums,
       .joins_in_turn = true,
       .make = make_balanced_split},
      {.name = "gossip",
       .summary = "one payload to each neighbour in a graph and one from each, all at once",
       .combines = edges,
       .make = make_gossip},
  };
  return table;
}

const CollectiveEntry* find_collective(std::string_view name) {
  return find_entry(collectives(), name);
}

}  // namespace simrun
