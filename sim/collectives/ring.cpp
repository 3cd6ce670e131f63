#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// The M equal chunks of a payload. Without contents the first stands for all: M ranks would otherwise hold M^2 of
/// them. The last ones of what is no bare array may be smaller, and none is larger.
class Chunks {
 public:
  Chunks(const Payload& whole, int count) : elements_(whole.elements()), count_(count) {
    const std::uint64_t size = part_elements(whole, count);
    const int kept = whole.has_contents() ? count : 1;
    for (int i = 0; i < kept; ++i) chunks_.push_back(cut_part(whole, i * size, (i + 1) * size));
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

/// Steps whose contents matter are not skipped.
void run(Transport& transport, int count, const std::function<void(int)>& step, const Payload& mine) {
  if (mine.has_contents()) {
    for (int i = 0; i < count; ++i) step(i);
  } else {
    transport.repeat(count, step);
  }
}

/// M-1 steps, each moving one chunk to the right, that leave this rank with the chunk `last` summed up.
void reduce_scatter(Transport& transport, Chunks& chunks, int last, const Payload& mine, const Aggregator& aggregator) {
  const int m = transport.size();
  const int rank = transport.rank();
  const auto reduce = [&](int step) {
    const Message in = transport.exchange((rank + 1) % m, {chunks[last - 1 - step]}, (rank + m - 1) % m);
    Payload& target = chunks[last - 2 - step];
    const Payload both[] = {target, in.front()};
    target = aggregator.combine(both);
  };
  run(transport, m - 1, reduce, mine);
}

/// M-1 steps, each moving one chunk to the right, until a rank that has the chunk `first` has all.
void gather_chunks(Transport& transport, Chunks& chunks, int first, const Payload& mine) {
  const int m = transport.size();
  const int rank = transport.rank();
  const auto gather = [&](int step) {
    chunks[first - 1 - step] = transport.exchange((rank + 1) % m, {chunks[first - step]}, (rank + m - 1) % m).front();
  };
  run(transport, m - 1, gather, mine);
}

/// Ring all-reduce: M-1 steps of reduce-scatter, M-1 of all-gather, each moving one chunk of ceil(N/M) elements, or a
/// multiple of the layout's grain, to the right. T = 2(M-1)(a + chunk / B) for any M, where no chunk is empty; fp32
/// chunks take 4 ceil(N/M) bytes. Source: Patarasu and Yuan, JPDC 2009.
class Ring final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{mine}};
    const int right = transport.rank() + 1;
    Chunks chunks(mine, transport.size());
    reduce_scatter(transport, chunks, right, mine, *aggregator);
    gather_chunks(transport, chunks, right, mine);
    return {{chunks.joined(mine)}};
  }
};

/// The first half of the ring all-reduce: leaves each rank with its chunk of ceil(N/M) elements, summed up.
/// T = (M-1)(a + 4 ceil(N/M) / B).
class ReduceScatter final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{mine}};
    Chunks chunks(mine, transport.size());
    reduce_scatter(transport, chunks, transport.rank(), mine, *aggregator);
    return {{chunks[transport.rank()]}};
  }
};

/// The sum on rank 0: reduce-scatter, and every rank sends its chunk there; elsewhere a chunk of it.
/// T = (M-1)(a + c) + a + (M-1) c with c = 4 ceil(N/M) / B. Source: Rabenseifner, ICCS 2004.
class Reduce final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{mine}};
    Chunks chunks(mine, transport.size());
    reduce_scatter(transport, chunks, transport.rank(), mine, *aggregator);
    if (transport.rank() != 0) {
      transport.send(0, {chunks[transport.rank()]});
      return {{chunks[transport.rank()]}};
    }
    std::vector<Request> incoming;
    for (int from = 1; from < transport.size(); ++from) incoming.push_back(transport.start_receive(from));
    for (int from = 1; from < transport.size(); ++from)
      chunks[from] = transport.wait(incoming[static_cast<std::size_t>(from - 1)]).front();
    return {{chunks.joined(mine)}};
  }
};

/// What rank 0 has, on all: it sends every rank a chunk, and these are gathered. What others have is of the same shape.
/// T = a + (M-1) c + (M-1)(a + c) with c = 4 ceil(N/M) / B. Source: Barnett et al., SHPCC 1994.
class SpreadFromFirst final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator*) const override {
    const int m = transport.size();
    if (m == 1) return {{mine}};
    Chunks chunks(mine, m);
    if (transport.rank() != 0) {
      chunks[transport.rank()] = transport.receive(0).front();
    } else {
      std::vector<Request> outgoing;
      for (int to = 1; to < m; ++to) outgoing.push_back(transport.start_send(to, {chunks[to]}));
      for (const Request request : outgoing) transport.wait(request);
    }
    gather_chunks(transport, chunks, transport.rank(), mine);
    return {{chunks.joined(mine)}};
  }
};

}  // namespace

std::unique_ptr<const Collective> make_ring(const CollectiveOptions&) {
  return std::make_unique<Ring>();
}

std::unique_ptr<const Collective> make_reduce_scatter() {
  return std::make_unique<ReduceScatter>();
}

std::unique_ptr<const Collective> make_reduce() {
  return std::make_unique<Reduce>();
}

std::unique_ptr<const Collective> make_spread_from_first() {
  return std::make_unique<SpreadFromFirst>();
}

}  // namespace simrun
