#pragma once

#include <cstdint>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/payloads/selector.hpp"

namespace simrun {

/// The K largest elements of every group of every worker's gradient. From them follow those of any smaller K, so that a
/// gradient is made and searched once for all K. Gradients are made in parts, of which few are in memory at a time.
class Selections {
 public:
  /// `entries`: K by group. What the cache has is taken from there, what is made is kept there.
  Selections(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
             PayloadCache& cache, const OnElements& step);

  /// What `codec`, one that keeps the largest, makes of the k largest of a worker's group, k <= K.
  Payload encode(const Codec& codec, std::size_t worker, std::size_t group, std::uint64_t k) const;

 private:
  std::size_t groups_;
  std::vector<std::vector<Payload>> payloads_;  ///< by worker and group: pairs, indices as they are
};

}  // namespace simrun
