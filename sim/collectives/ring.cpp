#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// The M equal chunks of a dense payload. Without contents they are all alike, and one stands for all: M ranks would
/// otherwise hold M^2 of them.
class Chunks {
 public:
  Chunks(const Payload& whole, int count) : elements_(whole.elements()), count_(count) {
    const std::uint64_t size = (elements_ + count - 1) / count;
    const int kept = whole.has_contents() ? count : 1;
    for (int i = 0; i < kept; ++i) chunks_.push_back(cut(whole, i * size, (i + 1) * size));
  }

  Payload& operator[](int i) {
    const int wrapped = (i % count_ + count_) % count_;
    return chunks_[chunks_.size() == 1 ? 0 : static_cast<std::size_t>(wrapped)];
  }

  Payload joined(const Payload& like) const { return like.has_contents() ? cut(join(chunks_), 0, elements_) : like; }

 private:
  std::uint64_t elements_;
  int count_;
  std::vector<Payload> chunks_;
};

/// Ring all-reduce: M-1 steps of reduce-scatter, M-1 of all-gather, each moving one chunk of ceil(N/M) elements to the
/// right. T = 2(M-1)(a + 4 ceil(N/M) / B) for any M. Source: Patarasu and Yuan, JPDC 2009.
class Ring final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    const int m = transport.size();
    if (m == 1) return {{mine}};
    const int rank = transport.rank();
    const int right = (rank + 1) % m;
    const int left = (rank + m - 1) % m;
    Chunks chunks(mine, m);
    const auto reduce = [&](int step) {
      const Message in = transport.exchange(right, {chunks[rank - step]}, left);
      Payload& target = chunks[rank - step - 1];
      const Payload both[] = {target, in.front()};
      target = aggregator->combine(both);
    };
    const auto gather = [&](int step) {
      chunks[rank - step] = transport.exchange(right, {chunks[rank + 1 - step]}, left).front();
    };
    run(transport, m - 1, reduce, mine);
    run(transport, m - 1, gather, mine);
    return {{chunks.joined(mine)}};
  }

 private:
  /// Steps whose contents matter are not skipped.
  static void run(Transport& transport, int count, const std::function<void(int)>& step, const Payload& mine) {
    if (mine.has_contents()) {
      for (int i = 0; i < count; ++i) step(i);
    } else {
      transport.repeat(count, step);
    }
  }
};

}  // namespace

std::unique_ptr<const Collective> make_ring(const CollectiveOptions&) {
  return std::make_unique<Ring>();
}

}  // namespace simrun
