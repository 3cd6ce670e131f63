#include <algorithm>

#include "kernels/layout.hpp"
#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// Elements [begin, end) of shard s of M: equal numbers of 32-element words, so that packed signs can be cut there, or
/// of the layout's grain where that is more. The last shards are short or empty where these run out.
struct Shard {
  std::uint64_t begin;
  std::uint64_t end;

  Shard(const Payload& whole, int shard, int shards) {
    const std::uint64_t elements = whole.elements();
    const std::uint64_t least = grain_of(layout_of(whole.kind()), whole.header().format);
    const std::uint64_t grain = std::max<std::uint64_t>(least, 32);
    const std::uint64_t grains = (elements + grain - 1) / grain;
    const std::uint64_t each = (grains + shards - 1) / shards * grain;
    begin = std::min(elements, each * shard);
    end = std::min(elements, each * (shard + 1));
  }
  bool empty() const { return begin == end; }
};

/// Every worker serves one shard of N/M elements: it receives that shard from all others at once, combines, and replies
/// to all at once. T = 2a + (M-1) (shard + its reply) / B with the bytes of a full shard, ceil(ceil(N/32) / M) words of
/// 32 elements, or as many of more, and a header where the kind has one.
class ShardedParameterServer final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    const int m = transport.size();
    const auto shard_of = [&](int owner) { return Shard(mine, owner, m); };
    const auto slice = [&](int owner) { return cut(mine, shard_of(owner).begin, shard_of(owner).end); };

    const Shard own = shard_of(transport.rank());
    std::vector<Payload> slices = all_to_all(
        transport, slice, [&](int to) { return !shard_of(to).empty(); }, [&](int) { return !own.empty(); });
    Payload result;
    if (!own.empty()) result = aggregator->combine(slices);
    const std::vector<Payload> replies = all_to_all(
        transport, [&](int) { return result; }, [&](int) { return !own.empty(); },
        [&](int from) { return !shard_of(from).empty(); });
    return {{transport.wants_contents() ? join(replies) : join_sizes(replies)}};
  }

 private:
  /// Sends payload(r) to every rank r that it is sent to, receives from every rank that sends, all at once; what was
  /// received, and what this rank sends itself, by rank.
  template <class Make, class SendsTo, class ReceivesFrom>
  static std::vector<Payload> all_to_all(Transport& transport, Make payload, SendsTo sends_to,
                                         ReceivesFrom receives_from) {
    const int rank = transport.rank();
    const int m = transport.size();
    std::vector<Request> sends;
    std::vector<Request> receives(m);
    for (int i = 1; i < m; ++i) {
      const int to = (rank + i) % m;
      const int from = (rank + m - i) % m;
      if (receives_from(from)) receives[from] = transport.start_receive(from);
      if (sends_to(to)) sends.push_back(transport.start_send(to, {payload(to)}));
    }
    std::vector<Payload> received;
    for (int r = 0; r < m; ++r) {
      if (r == rank ? sends_to(r) && receives_from(r) : receives_from(r))
        received.push_back(r == rank ? payload(r) : transport.wait(receives[r]).front());
    }
    for (const Request send : sends) transport.wait(send);
    return received;
  }
};

}  // namespace

std::unique_ptr<const Collective> make_sharded_parameter_server(const CollectiveOptions&) {
  return std::make_unique<ShardedParameterServer>();
}

}  // namespace simrun
