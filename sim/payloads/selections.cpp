#include "sim/payloads/selections.hpp"

#include "kernels/largest_of_parts.hpp"
#include "kernels/layout.hpp"
#include "sim/payloads/shared_memory.hpp"

namespace simrun {
namespace {

Payload largest_of(const Payload& pairs, std::uint64_t k) {
  if (k == pairs.entries()) return pairs;
  Pairs not_coded;
  const Pairs largest = largest_of(view_pairs(pairs, not_coded), k, *make_cpu_primitives(1));
  return make_pairs(IndexCoding::raw32, pairs.elements(), {largest.indices, largest.values});
}

std::size_t room_for(std::size_t workers, const std::vector<std::uint64_t>& entries) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t k : entries) bytes += SharedPlace::room_for(Payload::header_bytes + 8 * k);
  return workers * bytes;
}

}  // namespace

Selections::Selections(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
                       PayloadCache& cache, const OnElements& step)
    : groups_(source.groups().size()), payloads_(source.workers()) {
  SharedPlace place(room_for(source.workers(), entries));
  Selector selector(source, entries, threads, cache, step);
  selector.for_each(0, source.workers(), [&](std::size_t worker, const std::vector<Payload>& found) {
    for (std::size_t g = 0; g < groups_; ++g) payloads_[worker].push_back(place.take(largest_of(found[g], entries[g])));
  });
}

Payload Selections::encode(const Codec& codec, std::size_t worker, std::size_t group, std::uint64_t k) const {
  Pairs not_coded;
  const Payload largest = largest_of(payloads_[worker][group], k);
  return codec.encode_largest(view_pairs(largest, not_coded), largest.elements());
}

}  // namespace simrun
