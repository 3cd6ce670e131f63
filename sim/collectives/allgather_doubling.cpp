#include <algorithm>

#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// All-gather in ceil(log2 M) steps of doubling size, for any M: T = a ceil(log2 M) + (M-1) payload / B where payloads
/// are equal.
/// Source: Bruck et al., IEEE TPDS 1997.
class AllgatherDoubling final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator*) const override {
    const int m = transport.size();
    const int rank = transport.rank();
    std::vector<Payload> parts = {mine};
    for (int distance = 1; distance < m; distance *= 2) {
      const int count = std::min(distance, m - distance);
      const Message in = transport.exchange((rank + m - distance) % m, Message(parts.begin(), parts.begin() + count),
                                            (rank + distance) % m);
      parts.insert(parts.end(), in.begin(), in.end());
    }
    // They stand as rank, rank + 1, ..., rank - 1: turn that into 0 .. M-1.
    std::rotate(parts.begin(), parts.begin() + (m - rank) % m, parts.end());
    return {std::move(parts)};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_allgather_doubling(const CollectiveOptions&) {
  return std::make_unique<AllgatherDoubling>();
}

}  // namespace simrun
