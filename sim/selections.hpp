#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/primitives.hpp"
#include "sim/gradient_source.hpp"
#include "sim/payload_cache.hpp"

namespace simrun {

/// The K largest elements of every group of every worker's gradient. From them follow those of any smaller K, so that a
/// gradient is made and searched once for all K.
class Selections {
 public:
  /// `entries`: K by group. What the cache has is taken from there, what is made is kept there. `step` is called when a
  /// worker is done, from any thread.
  Selections(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
             PayloadCache& cache, const std::function<void()>& step);

  /// Of a worker's group: elements by ascending index.
  PairsView at(std::size_t worker, std::size_t group) const {
    const Pairs& pairs = pairs_[worker * groups_ + group];
    return {pairs.indices, pairs.values};
  }

  /// Forgets all but the K largest of each, K by group: no more than there are.
  void narrow(const std::vector<std::uint64_t>& entries, unsigned threads);

 private:
  bool take(std::size_t worker, const std::vector<std::uint64_t>& entries, const std::vector<Group>& groups,
            const std::vector<Payload>& payloads);

  std::size_t groups_;
  std::vector<Pairs> pairs_;  ///< [worker * groups + group]
};

/// The k largest of `pairs`, which has no fewer, by ascending index.
Pairs largest_of(PairsView pairs, std::size_t k);

}  // namespace simrun
