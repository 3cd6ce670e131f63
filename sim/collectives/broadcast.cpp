#include <bit>

#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// Binomial tree: rank 0, which leads, sends to the rank that is half of all away, then both send on, and so on. Ranks
/// are those of the transport that it is given: RotatedTransport lets any rank lead.
///
/// T = ceil(log2 M) (a + payload / B) with a network on which each waits for its send before it begins the next.
class Broadcast final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator*) const override {
    const int rank = transport.rank();
    const auto m = static_cast<unsigned>(transport.size());
    // A rank is reached over its lowest bit that is set, and sends on over the bits below.
    unsigned distance = rank == 0 ? std::bit_ceil(m) : static_cast<unsigned>(rank & -rank);
    Payload payload = mine;
    if (rank != 0) payload = transport.receive(rank - static_cast<int>(distance)).front();
    for (distance /= 2; distance > 0; distance /= 2) {
      if (rank + static_cast<int>(distance) < transport.size())
        transport.send(rank + static_cast<int>(distance), {payload});
    }
    return {{payload}};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_broadcast(const CollectiveOptions&) {
  return std::make_unique<Broadcast>();
}

}  // namespace simrun
