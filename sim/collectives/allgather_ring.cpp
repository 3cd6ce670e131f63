#include <algorithm>

#include "kernels/index_coding.hpp"
#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// True if every worker's payload has the size of this one, where all keep as many entries. Where they do not, the
/// transport sees it by the first steps.
bool sizes_are_equal(const Payload& payload) {
  return payload.index() == IndexCoding::none ||
         index_coding(payload.index()).size(payload.elements(), payload.entries()).has_value();
}

/// Ring all-gather: M-1 steps, each passing one payload to the right. T = (M-1)(a + payload / B) for any M where
/// payloads are equal. Source: Chan et al., Concurrency and Computation 2007.
class AllgatherRing final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator*) const override {
    const int m = transport.size();
    const int rank = transport.rank();
    std::vector<Payload> parts = {mine};
    const auto pass_on = [&](int) {
      parts.push_back(transport.exchange((rank + 1) % m, {parts.back()}, (rank + m - 1) % m).front());
    };
    int steps = m - 1;
    if (sizes_are_equal(mine)) {
      steps = transport.repeat(m - 1, pass_on);
    } else {
      for (int i = 0; i < steps; ++i) pass_on(i);
    }
    if (steps < m - 1) return {std::move(parts), m - 1 - steps};
    // They came as rank, rank - 1, ..., rank + 1: turn that into 0 .. M-1.
    std::reverse(parts.begin(), parts.end());
    std::rotate(parts.begin(), parts.begin() + (m - 1 - rank), parts.end());
    return {std::move(parts)};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_allgather_ring(const CollectiveOptions&) {
  return std::make_unique<AllgatherRing>();
}

}  // namespace simrun
