#include <bit>

#include "sim/collectives/collectives.hpp"

namespace simrun {
namespace {

/// Recursive halving (reduce-scatter), then recursive doubling (all-gather), among the first P ranks, P the largest
/// power of two up to M. The M - P surplus ranks hand their payload to rank - P before and get the result from it
/// after. Source: Thakur, Rabenseifner and Gropp, IJHPCA 2005.
///
/// For M = P: T = 2 a log2 P + 2 (P-1)/P n / B, n = 4N rounded up to P equal pieces. For other M 2 (a + 4N / B) more,
/// exactly so where n / P is beyond the network's eager limit. Else ranks that wait for no surplus rank send their
/// halves early, n/2, n/4 .. n/P as far as they are within the limit, and these share the link that the surplus payload
/// comes in by: T is greater by as much as those bytes take at most, less than two limits, a quarter of T at worst.
class HalvingDoubling final : public Collective {
 public:
  Outcome exchange(Transport& transport, const Payload& mine, const Aggregator* aggregator) const override {
    const int rank = transport.rank();
    const int power = static_cast<int>(std::bit_floor(static_cast<unsigned>(transport.size())));
    if (rank >= power) {
      transport.send(rank - power, {mine});
      return {transport.receive(rank - power)};
    }
    Payload sum = mine;
    const bool has_surplus = rank + power < transport.size();
    if (has_surplus) sum = add(*aggregator, sum, transport.receive(rank + power).front());
    sum = reduce_all(transport, sum, power, *aggregator);
    if (has_surplus) transport.send(rank + power, {sum});
    return {{sum}};
  }

 private:
  static Payload add(const Aggregator& aggregator, const Payload& a, const Payload& b) {
    const Payload both[] = {a, b};
    return aggregator.combine(both);
  }

  static Payload reduce_all(Transport& transport, const Payload& mine, int power, const Aggregator& aggregator) {
    const int rank = transport.rank();
    const std::uint64_t elements = mine.elements();
    const std::uint64_t piece = part_elements(mine, power);
    Payload part = cut_part(mine, 0, piece * power);
    for (int distance = power / 2; distance > 0; distance /= 2) {
      const std::uint64_t half = piece * distance;
      const Payload low = cut_part(part, 0, half);
      const Payload high = cut_part(part, half, 2 * half);
      const bool keeps_low = (rank & distance) == 0;
      const Message in = transport.exchange(rank ^ distance, {keeps_low ? high : low}, rank ^ distance);
      part = add(aggregator, keeps_low ? low : high, in.front());
    }
    for (int distance = 1; distance < power; distance *= 2) {
      const Message in = transport.exchange(rank ^ distance, {part}, rank ^ distance);
      const Payload in_order[] = {(rank & distance) == 0 ? part : in.front(),
                                  (rank & distance) == 0 ? in.front() : part};
      part = join(in_order);
    }
    return cut(part, 0, elements);
  }
};

}  // namespace

std::unique_ptr<const Collective> make_halving_doubling(const CollectiveOptions&) {
  return std::make_unique<HalvingDoubling>();
}

}  // namespace simrun
