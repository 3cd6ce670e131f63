#include <utility>

#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// The M chunks of a payload, equal ones: zeros fill up the last. Where the layout has no zeros, or these would be more
/// than an eighth, the last ones have fewer elements or none. Without contents they are made when they are asked for: M
/// ranks would otherwise hold M^2 of them.
class Chunks {
 public:
  Chunks(const Payload& whole, int count)
      : size_(part_elements(whole, count)),
        count_(count),
        elements_(whole.elements()),
        whole_(filled_up(whole, size_ * static_cast<unsigned>(count))) {
    for (int i = 0; whole.has_contents() && i < count; ++i) chunks_.push_back(part(i));
  }

  Payload operator[](int i) const { return chunks_.empty() ? part(place_of(i)) : chunks_[place_of(i)]; }

  void set(int i, Payload chunk) {
    if (!chunks_.empty()) chunks_[place_of(i)] = std::move(chunk);
  }

  /// Steps whose contents matter are not skipped.
  bool steps_are_alike() const {
    return chunks_.empty() && (is_dense(whole_.kind()) || whole_.elements() == size_ * static_cast<unsigned>(count_));
  }

  Payload joined() const { return shortened(chunks_.empty() ? whole_ : join(chunks_), elements_); }

 private:
  static Payload filled_up(const Payload& whole, std::uint64_t elements) {
    const std::uint64_t most_zeros = whole.elements() / 8;
    return elements <= whole.elements() + most_zeros ? extended(whole, elements) : whole;
  }

  std::size_t place_of(int i) const { return static_cast<std::size_t>((i % count_ + count_) % count_); }
  Payload part(std::size_t i) const { return cut_part(whole_, i * size_, (i + 1) * size_); }

  std::uint64_t size_;
  int count_;
  std::uint64_t elements_;  ///< without zeros behind
  Payload whole_;
  std::vector<Payload> chunks_;
};

void run(Transport& transport, const Chunks& chunks, const std::function<void(int)>& step) {
  const int steps = transport.size() - 1;
  if (chunks.steps_are_alike()) {
    transport.repeat(steps, step);
  } else {
    for (int i = 0; i < steps; ++i) step(i);
  }
}

/// M-1 steps, each moving one chunk to the right, that leave this rank with the chunk `last` summed up.
void reduce_scatter(Transport& transport, Chunks& chunks, int last, const Aggregator& aggregator) {
  const int m = transport.size();
  const int rank = transport.rank();
  const auto reduce = [&](int step) {
    const Message in = transport.exchange((rank + 1) % m, {chunks[last - 1 - step]}, (rank + m - 1) % m);
    const Payload both[] = {chunks[last - 2 - step], in.front()};
    chunks.set(last - 2 - step, aggregator.combine(both));
  };
  run(transport, chunks, reduce);
}

/// M-1 steps, each moving one chunk to the right, until a rank that has the chunk `first` has all.
void gather_chunks(Transport& transport, Chunks& chunks, int first) {
  const int m = transport.size();
  const int rank = transport.rank();
  const auto gather = [&](int step) {
    chunks.set(first - 1 - step,
               transport.exchange((rank + 1) % m, {chunks[first - step]}, (rank + m - 1) % m).front());
  };
  run(transport, chunks, gather);
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
    reduce_scatter(transport, chunks, right, *aggregator);
    gather_chunks(transport, chunks, right);
    return {{chunks.joined()}};
  }
};

/// The first half of the ring all-reduce: leaves each rank with its chunk of ceil(N/M) elements, summed up.
/// T = (M-1)(a + 4 ceil(N/M) / B).
class ReduceScatter final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    if (transport.size() == 1) return {{mine}};
    Chunks chunks(mine, transport.size());
    reduce_scatter(transport, chunks, transport.rank(), *aggregator);
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
    reduce_scatter(transport, chunks, transport.rank(), *aggregator);
    if (transport.rank() != 0) {
      transport.send(0, {chunks[transport.rank()]});
      return {{chunks[transport.rank()]}};
    }
    std::vector<Request> incoming;
    for (int from = 1; from < transport.size(); ++from) incoming.push_back(transport.start_receive(from));
    for (int from = 1; from < transport.size(); ++from)
      chunks.set(from, transport.wait(incoming[static_cast<std::size_t>(from - 1)]).front());
    return {{chunks.joined()}};
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
      chunks.set(transport.rank(), transport.receive(0).front());
    } else {
      std::vector<Request> outgoing;
      for (int to = 1; to < m; ++to) outgoing.push_back(transport.start_send(to, {chunks[to]}));
      for (const Request request : outgoing) transport.wait(request);
    }
    gather_chunks(transport, chunks, transport.rank());
    return {{chunks.joined()}};
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
