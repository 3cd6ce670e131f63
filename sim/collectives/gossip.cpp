#include <optional>
#include <utility>
#include <vector>

#include "sim/collectives/collectives.hpp"
#include "sim/collectives/graph.hpp"

namespace simrun {
namespace {

/// Every worker exchanges with all its neighbours at once, a payload each way an edge; what it sends to one is as large
/// as what it sends to another. The outcome has the neighbours' payloads, by rank. T = a + degree x payload / B with
/// the most neighbours that one has, for any M from 2 on. Source: D-PSGD, Lian et al., NeurIPS 2017.
class Gossip final : public Collective {
 public:
  explicit Gossip(Graph graph) : graph_(std::move(graph)) {}

  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator*) const override {
    if (graph_.kind == Graph::Kind::complete) return {exchange_with_all(transport, mine)};
    const std::vector<int> neighbours = neighbours_of(graph_, transport.rank(), transport.size());
    std::vector<Request> incoming;
    std::vector<Request> outgoing;
    for (const int other : neighbours) incoming.push_back(transport.start_receive(other));
    for (const int other : neighbours) outgoing.push_back(transport.start_send(other, {mine}));
    Outcome outcome;
    for (const Request request : incoming) outcome.parts.push_back(transport.wait(request).front());
    for (const Request request : outgoing) transport.wait(request);
    return outcome;
  }

 private:
  static std::vector<Payload> exchange_with_all(Transport& transport, const Payload& mine) {
    return transport.all_to_all([&](int to) { return to != transport.rank() ? std::optional(mine) : std::nullopt; },
                                [](int) { return true; });
  }

  Graph graph_;
};

}  // namespace

std::unique_ptr<const Collective> make_gossip(const CollectiveOptions& options) {
  return std::make_unique<Gossip>(options.graph);
}

}  // namespace simrun
