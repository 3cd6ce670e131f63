#include "sim/collectives/collective.hpp"

#include <algorithm>
#include <stdexcept>

#include "sim/collectives/collectives.hpp"

namespace simrun {

std::uint64_t Outcome::bytes() const {
  return size_of(parts) + (alike > 0 ? parts.back().size() * static_cast<std::uint64_t>(alike) : 0);
}

std::uint64_t Outcome::entries() const {
  std::uint64_t total = alike > 0 ? parts.back().entries() * static_cast<std::uint64_t>(alike) : 0;
  for (const Payload& part : parts) total += part.entries();
  return total;
}

void Collective::serve(Transport&, const Aggregator&) const {
  throw std::logic_error("this collective has no server on a host of its own");
}

bool CollectiveEntry::can(Combining combining) const {
  return std::find(combines.begin(), combines.end(), combining) != combines.end();
}

namespace {

constexpr Combining sums[] = {Combining::sum};
constexpr Combining sums_or_merges[] = {Combining::sum, Combining::merge};
constexpr Combining sums_or_votes[] = {Combining::sum, Combining::vote};
constexpr Combining votes[] = {Combining::vote};
constexpr Combining gathers[] = {Combining::gather};

constexpr CollectiveEntry table[] = {
    {"ring", "ring all-reduce, 2(M-1) steps of N/M", sums, false, false, make_ring},
    {"halving-doubling", "recursive halving and doubling all-reduce, 2 log2 M steps", sums, false, false,
     make_halving_doubling},
    {"tree", "binomial tree to rank 0 and back, log2 M steps each of a whole payload", sums_or_merges, false, false,
     make_tree},
    {"parameter-server", "M payloads into one server, M replies out", sums_or_votes, true, false,
     make_parameter_server},
    {"sharded-parameter-server", "every worker serves 1/M of the elements", votes, false, true,
     make_sharded_parameter_server},
    {"allgather-ring", "ring all-gather, M-1 steps of one payload", gathers, false, false, make_allgather_ring},
    {"allgather-doubling", "Bruck's all-gather, log2 M steps of doubling size", gathers, false, false,
     make_allgather_doubling},
};

}  // namespace

std::span<const CollectiveEntry> collectives() {
  return table;
}

const CollectiveEntry* find_collective(std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const auto& e) { return e.name == name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace simrun
