#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// Combines one payload from every worker, `own` being that of rank 0 where the server is a worker itself, and sends
/// everyone else the result: all payloads come in at once, all replies go out at once.
Payload collect_and_reply(Transport& transport, const Payload* own, const Aggregator& aggregator) {
  const int first = own != nullptr ? 1 : 0;
  std::vector<Request> requests;
  for (int r = first; r < transport.size(); ++r) requests.push_back(transport.start_receive(r));
  std::vector<Payload> payloads;
  if (own != nullptr) payloads.push_back(*own);
  for (const Request request : requests) payloads.push_back(transport.wait(request).front());

  Payload result = aggregator.combine(payloads);
  requests.clear();
  for (int r = first; r < transport.size(); ++r) requests.push_back(transport.start_send(r, {result}));
  for (const Request request : requests) transport.wait(request);
  return result;
}

/// M payloads into one server, M replies out: T = 2a + M (payload + reply) / B, for any M, and the time to combine,
/// which the workers wait for. With the server on rank 0, M - 1 each way (signSGD's published code).
class ParameterServer final : public Collective {
 public:
  explicit ParameterServer(ServerPlace place) : place_(place) {}

  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{aggregator->combine({&mine, 1})}};
    if (place_ == ServerPlace::rank0 && transport.rank() == 0)
      return {{collect_and_reply(transport, &mine, *aggregator)}};
    const int server = place_ == ServerPlace::rank0 ? 0 : transport.size();
    transport.send(server, {mine});
    return {transport.receive(server)};
  }

  void serve(Transport& transport, const Aggregator& aggregator) const override {
    collect_and_reply(transport, nullptr, aggregator);
  }

 private:
  ServerPlace place_;
};

}  // namespace

std::unique_ptr<const Collective> make_parameter_server(const CollectiveOptions& options) {
  return std::make_unique<ParameterServer>(options.server);
}

}  // namespace simrun
