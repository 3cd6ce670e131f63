#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// One payload from every worker of a group comes in, then the result goes out to each.
class Gathering {
 public:
  /// `own`: the payload of rank 0 where the server is that worker itself, which then neither sends nor gets a reply.
  Gathering(Transport& transport, const Payload* own) : transport_(transport), first_(own != nullptr ? 1 : 0) {
    if (own != nullptr) payloads_.push_back(*own);
    for (int r = first_; r < transport_.size(); ++r) requests_.push_back(transport_.start_receive(r));
  }

  /// When all are here combines them, and starts all replies.
  Payload reply(const Aggregator& aggregator) {
    for (const Request request : requests_) payloads_.push_back(transport_.wait(request).front());
    Payload result = aggregator.combine(payloads_);
    requests_.clear();
    for (int r = first_; r < transport_.size(); ++r) requests_.push_back(transport_.start_send(r, {result}));
    return result;
  }

  void finish() {
    for (const Request request : requests_) transport_.wait(request);
  }

 private:
  Transport& transport_;
  int first_;
  std::vector<Request> requests_;
  std::vector<Payload> payloads_;
};

/// M payloads into one server, M replies out: T = 2a + M (payload + reply) / B, for any M, and the time to combine,
/// which the workers wait for. With the server on rank 0, M - 1 each way (signSGD's published code). Several groups
/// that are served at once share the server's link, and are combined one after another.
class ParameterServer final : public Collective {
 public:
  explicit ParameterServer(ServerPlace place) : place_(place) {}

  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{aggregator->combine({&mine, 1})}};
    if (place_ == ServerPlace::rank0 && transport.rank() == 0) {
      Gathering gathering(transport, &mine);
      Outcome outcome{{gathering.reply(*aggregator)}};
      gathering.finish();
      return outcome;
    }
    const int server = place_ == ServerPlace::rank0 ? 0 : transport.size();
    transport.send(server, {mine});
    return {transport.receive(server)};
  }

  void serve(std::span<Transport* const> groups, const Aggregator& aggregator) const override {
    std::vector<Gathering> gatherings;
    for (Transport* group : groups) gatherings.emplace_back(*group, nullptr);
    for (Gathering& gathering : gatherings) gathering.reply(aggregator);
    for (Gathering& gathering : gatherings) gathering.finish();
  }

 private:
  ServerPlace place_;
};

}  // namespace

std::unique_ptr<const Collective> make_parameter_server(const CollectiveOptions& options) {
  return std::make_unique<ParameterServer>(options.server);
}

}  // namespace simrun
