#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// Binomial tree: in round i rank r with r mod 2^(i+1) = 2^i sends to r - 2^i, which combines; then the result goes
/// back down the same tree. A rank without a partner passes through. T = 2 ceil(log2 M) (a + payload / B). For
/// mergeable payloads this is gTop-k (Shi et al., ICDCS 2019, Algorithm 3), for any M.
class Tree final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    const int rank = transport.rank();
    const int m = transport.size();
    Payload result = mine;
    int distance = 1;
    for (; distance < m && rank % (2 * distance) == 0; distance *= 2) {
      if (rank + distance >= m) continue;
      const Payload both[] = {result, transport.receive(rank + distance).front()};
      result = aggregator->combine(both);
    }
    if (rank != 0) {
      transport.send(rank - distance, {result});
      result = transport.receive(rank - distance).front();
    }
    for (distance /= 2; distance > 0; distance /= 2) {
      if (rank + distance < m) transport.send(rank + distance, {result});
    }
    return {{result}};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_tree(ServerPlace) {
  return std::make_unique<Tree>();
}

}  // namespace simrun
