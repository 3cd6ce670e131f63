#include <algorithm>
#include <optional>

#include "kernels/layout.hpp"
#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// The M shards of a payload: equal numbers of 32-element words, so that packed signs can be cut there, or of the
/// layout's grain where that is more. The last shards are short or empty where these run out.
class Shards {
 public:
  Shards(const Payload& whole, int count) : whole_(whole) {
    const std::uint64_t least = grain_of(layout_of(whole.kind()), whole.header().format);
    const std::uint64_t grain = std::max<std::uint64_t>(least, 32);
    const std::uint64_t grains = (whole.elements() + grain - 1) / grain;
    each_ = (grains + count - 1) / count * grain;
    if (!whole.has_contents() && each_ <= whole.elements()) full_ = cut(whole, 0, each_);
  }

  bool is_empty(int shard) const { return begin(shard) == whole_.elements(); }

  /// Nothing of an empty one.
  std::optional<Payload> slice(int shard) const {
    if (is_empty(shard)) return std::nullopt;
    const bool is_full = each_ * (shard + 1) <= whole_.elements();
    return is_full && full_ ? *full_ : cut(whole_, begin(shard), begin(shard + 1));
  }

 private:
  std::uint64_t begin(int shard) const { return std::min(whole_.elements(), each_ * shard); }

  const Payload& whole_;
  std::uint64_t each_;           ///< elements of a full one
  std::optional<Payload> full_;  ///< any full one, where there are no contents
};

/// Every worker serves one shard of N/M elements: it receives that shard from all others at once, combines, and replies
/// to all at once. T = 2a + (M-1) (shard + its reply) / B with the bytes of a full shard, ceil(ceil(N/32) / M) words of
/// 32 elements, or as many of more, and a header where the kind has one.
class ShardedParameterServer final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    const Shards shards(mine, transport.size());
    const bool serves = !shards.is_empty(transport.rank());
    std::optional<Payload> reply;
    {
      const std::vector<Payload> slices =
          transport.all_to_all([&](int to) { return shards.slice(to); }, [&](int) { return serves; });
      if (serves) reply = aggregator->combine(slices);
    }  // M ranks would otherwise hold M^2 of them while replies are on their way
    const std::vector<Payload> replies =
        transport.all_to_all([&](int) { return reply; }, [&](int from) { return !shards.is_empty(from); });
    return {{transport.wants_contents() ? join(replies) : join_sizes(replies)}};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_sharded_parameter_server(const CollectiveOptions&) {
  return std::make_unique<ShardedParameterServer>();
}

}  // namespace simrun
