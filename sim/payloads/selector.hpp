#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "kernels/primitives.hpp"
#include "sim/payloads/gradient_source.hpp"
#include "sim/payloads/payload_cache.hpp"

namespace simrun {

/// Says that so many elements of gradients are done. Called from any thread.
using OnElements = std::function<void(std::uint64_t elements)>;

/// Takes a worker's selections, by group: pairs, indices as they are. Called from any thread.
using OnSelection = std::function<void(std::size_t worker, std::vector<Payload> selections)>;

/// Finds the K largest elements of every group of workers' gradients. What the cache has is taken from there, what is
/// made is kept there. Gradients are made in parts, of which few are in memory at a time.
class Selector {
 public:
  /// `entries`: K by group. All that is referred to outlives this.
  Selector(const GradientSource& source, const std::vector<std::uint64_t>& entries, unsigned threads,
           PayloadCache& cache, const OnElements& step);

  /// Calls work for each of the workers from `first` up to `last`, in parallel, with at least K of each group.
  void for_each(std::size_t first, std::size_t last, const OnSelection& work);

  /// Bytes that finding the K largest of a group takes at most beside the gradient's part and the result, K the largest
  /// of `entries`.
  static double bytes_to_find(const std::vector<std::uint64_t>& entries);

 private:
  /// The least magnitude among the K largest that were found last in a group. Other workers' are near to it, so that
  /// what lies far below need not be held. Workers are looked at side by side; which of them was last moves no result.
  using Cutoff = std::atomic<float>;

  std::vector<Payload> find(std::size_t worker, unsigned threads, std::span<float> buffer);
  Pairs find_largest(std::size_t worker, std::size_t group, unsigned threads, std::span<float> buffer);

  const GradientSource& source_;
  const std::vector<std::uint64_t>& entries_;
  unsigned threads_;
  PayloadCache& cache_;
  const OnElements& step_;
  std::vector<Cutoff> cutoffs_;  ///< by group
};

/// Keeps what a Selector would find, of gradients that are made whole for something else.
class SelectorOfWhole {
 public:
  /// `entries`: K by group. All that is referred to outlives this.
  SelectorOfWhole(const GradientSource& source, const std::vector<std::uint64_t>& entries, PayloadCache& cache);

  /// A worker's groups come one after another, those that are dense not at all; workers from any thread.
  void add(std::size_t worker, std::size_t group, std::span<const float> gradient);

 private:
  const GradientSource& source_;
  const std::vector<std::uint64_t>& entries_;
  PayloadCache& cache_;
  std::vector<std::vector<Payload>> found_;  ///< by worker, until all groups are there
};

}  // namespace simrun
