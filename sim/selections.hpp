#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/codec.hpp"
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

  /// What `codec`, one that keeps the largest, makes of the k largest of a worker's group, k <= K.
  Payload encode(const Codec& codec, std::size_t worker, std::size_t group, std::uint64_t k) const;

 private:
  std::size_t groups_;
  std::vector<std::vector<Payload>> payloads_;  ///< by worker and group: pairs, indices as they are
};

}  // namespace simrun
