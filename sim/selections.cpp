#include "sim/selections.hpp"

#include "kernels/layout.hpp"
#include "sim/shared_memory.hpp"

namespace simrun {
namespace {

bool suffice(const std::vector<Payload>& payloads, const std::vector<Group>& groups,
             const std::vector<std::uint64_t>& entries) {
  if (payloads.size() != groups.size()) return false;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (payloads[g].elements() != groups[g].elements || payloads[g].entries() < entries[g]) return false;
  }
  return true;
}

/// The k largest of pairs, of which there are no fewer.
Payload largest_of(const Payload& pairs, std::uint64_t k) {
  if (k == pairs.entries()) return pairs;
  std::vector<std::uint32_t> not_coded;
  const PairsView all = view_pairs(pairs, not_coded);
  // Places in the list ascend with indices, so ties go to the lowest index here as well.
  Pairs largest = make_cpu_primitives(1)->select_largest(all.values, k);
  for (std::uint32_t& place : largest.indices) place = all.indices[place];
  return make_pairs(IndexCoding::raw32, pairs.elements(), {largest.indices, largest.values});
}

std::size_t room_for(std::size_t workers, const std::vector<std::uint64_t>& entries) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t k : entries) bytes += SharedPlace::room_for(Payload::header_bytes + 8 * k);
  return workers * bytes;
}

}  // namespace

Selections::Selections(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
                       PayloadCache& cache, const std::function<void()>& step)
    : groups_(source.groups().size()), payloads_(source.workers()) {
  SharedPlace place(room_for(source.workers(), entries));
  source.for_each_worker(threads, [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
    const std::string key = source.key(worker);
    std::vector<Payload>& payloads = payloads_[worker];
    if (auto kept = cache.find(key); kept && suffice(*kept, source.groups(), entries)) {
      for (std::size_t g = 0; g < groups_; ++g) payloads.push_back(place.take(largest_of((*kept)[g], entries[g])));
    } else {
      const std::unique_ptr<const Primitives> primitives = make_cpu_primitives(inner);
      for (std::size_t g = 0; g < groups_; ++g) {
        const std::span<const float> gradient = source.fill(worker, g, inner, buffer);
        const Pairs pairs = primitives->select_largest(gradient, entries[g]);
        payloads.push_back(place.take(make_pairs(IndexCoding::raw32, gradient.size(), {pairs.indices, pairs.values})));
      }
      cache.keep(key, payloads);
    }
    step();
  });
}

Payload Selections::encode(const Codec& codec, std::size_t worker, std::size_t group, std::uint64_t k) const {
  std::vector<std::uint32_t> not_coded;
  const Payload largest = largest_of(payloads_[worker][group], k);
  return codec.encode_largest(view_pairs(largest, not_coded), largest.elements());
}

}  // namespace simrun
