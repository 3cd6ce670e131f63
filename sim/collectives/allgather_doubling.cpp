#include <algorithm>
#include <utility>

#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// What a worker has gathered: its own payload and those of the ranks after it, in that order. Payloads without
/// contents that are all alike are one and a number, and travel as one payload of the size of all: M workers that have
/// M each would otherwise take memory for M^2.
class Gathered {
 public:
  explicit Gathered(const Payload& mine) : parts_{mine} {}

  Message first(int count) const {
    if (alike_ == 0) return {parts_.begin(), parts_.begin() + count};
    return {several(parts_.front(), count)};
  }

  /// Those that come next, `count` of them.
  void append(const Message& message, int count) {
    const Payload& one = parts_.front();
    const bool are_alike = static_cast<int>(parts_.size()) == 1 && message.size() == 1 && !one.has_contents() &&
                           message.front() == several(one, count);
    if (are_alike) {
      alike_ += count;
      return;
    }
    parts_.insert(parts_.end(), std::exchange(alike_, 0), Payload(one));
    if (static_cast<int>(message.size()) == count)
      parts_.insert(parts_.end(), message.begin(), message.end());
    else
      parts_.insert(parts_.end(), count, one_of(message.front(), count));
  }

  /// By rank, of whom this is `rank`.
  Outcome outcome(int rank) && {
    if (alike_ == 0) std::rotate(parts_.begin(), parts_.end() - rank, parts_.end());
    return {.parts = std::move(parts_), .alike = alike_};
  }

 private:
  static Payload several(const Payload& one, int count) {
    Payload::Header header = one.header();
    const auto times = static_cast<std::uint64_t>(count);
    header.elements *= times;
    header.entries *= times;
    header.bytes *= times;
    return count == 1 ? one : Payload::size_only(header);
  }

  static Payload one_of(const Payload& several, int count) {
    Payload::Header header = several.header();
    const auto times = static_cast<std::uint64_t>(count);
    header.elements /= times;
    header.entries /= times;
    header.bytes /= times;
    return Payload::size_only(header);
  }

  std::vector<Payload> parts_;
  int alike_ = 0;  ///< further ones like the only one
};

/// All-gather in ceil(log2 M) steps of doubling size, for any M: T = a ceil(log2 M) + (M-1) payload / B where payloads
/// are equal.
/// Source: Bruck et al., IEEE TPDS 1997.
class AllgatherDoubling final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator*) const override {
    const int m = transport.size();
    const int rank = transport.rank();
    Gathered gathered(mine);
    for (int distance = 1; distance < m; distance *= 2) {
      const int count = std::min(distance, m - distance);
      gathered.append(transport.exchange((rank + m - distance) % m, gathered.first(count), (rank + distance) % m),
                      count);
    }
    return std::move(gathered).outcome(rank);
  }
};

}  // namespace

std::unique_ptr<const Collective> make_allgather_doubling(const CollectiveOptions&) {
  return std::make_unique<AllgatherDoubling>();
}

}  // namespace simrun
