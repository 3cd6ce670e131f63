#include "sim/selections.hpp"

#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"

namespace simrun {

Pairs largest_of(PairsView pairs, std::size_t k) {
  // Places in the list ascend with indices, so ties go to the lowest index here as well.
  Pairs largest = make_cpu_primitives(1)->select_largest(pairs.values, k);
  for (std::uint32_t& place : largest.indices) place = pairs.indices[place];
  return largest;
}

Selections::Selections(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
                       PayloadCache& cache, const std::function<void()>& step)
    : groups_(source.groups().size()), pairs_(source.workers() * groups_) {
  source.for_each_worker(threads, [&](std::size_t worker, unsigned inner, std::span<float> buffer) {
    const std::string key = source.key(worker);
    const auto kept = cache.find(key);
    if (!kept || !take(worker, entries, source.groups(), *kept)) {
      const std::unique_ptr<const Primitives> primitives = make_cpu_primitives(inner);
      std::vector<Payload> payloads;
      for (std::size_t g = 0; g < groups_; ++g) {
        const std::span<const float> gradient = source.fill(worker, g, inner, buffer);
        Pairs& pairs = pairs_[worker * groups_ + g];
        pairs = primitives->select_largest(gradient, entries[g]);
        payloads.push_back(make_pairs(IndexCoding::raw32, gradient.size(), {pairs.indices, pairs.values}));
      }
      cache.keep(key, payloads);
    }
    step();
  });
}

/// False if the payloads have too few entries.
bool Selections::take(std::size_t worker, const std::vector<std::uint64_t>& entries, const std::vector<Group>& groups,
                      const std::vector<Payload>& payloads) {
  if (payloads.size() != groups_) return false;
  for (std::size_t g = 0; g < groups_; ++g) {
    if (payloads[g].elements() != groups[g].elements || payloads[g].entries() < entries[g]) return false;
  }
  for (std::size_t g = 0; g < groups_; ++g) {
    Pairs pairs = read_pairs(payloads[g]);
    const bool is_more = pairs.indices.size() > entries[g];
    pairs_[worker * groups_ + g] = is_more ? largest_of({pairs.indices, pairs.values}, entries[g]) : std::move(pairs);
  }
  return true;
}

void Selections::narrow(const std::vector<std::uint64_t>& entries, unsigned threads) {
  parallel_for(pairs_.size(), threads, [&](std::size_t i) {
    Pairs& pairs = pairs_[i];
    const std::uint64_t k = entries[i % groups_];
    if (k < pairs.indices.size()) pairs = largest_of({pairs.indices, pairs.values}, k);
  });
}

}  // namespace simrun
