#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "kernels/primitives.hpp"

namespace simrun {

/// The k largest of pairs, of which there are no fewer, ascending by index as they are; of equal magnitudes those of
/// the lowest indices.
Pairs largest_of(PairsView pairs, std::uint64_t k, const Primitives& primitives);

/// The k largest elements of a vector that comes in parts, ascending. Only those are held that may still be among them:
/// from the beginning none up to a threshold, which may turn out to be too much.
class LargestOfParts {
 public:
  /// `threshold`: no element of that magnitude or less is held; below 0: every one may be. `primitives` outlives this.
  LargestOfParts(std::uint64_t k, float threshold, const Primitives& primitives);

  /// Elements held at most.
  static std::size_t most_held(std::uint64_t k) { return most_after_cutting(k) + slice; }

  /// The elements from number `first` on, finite ones.
  void add(std::uint64_t first, std::span<const float> part);

  /// None where fewer than k were beyond the threshold.
  std::optional<Pairs> take();

 private:
  static constexpr std::size_t slice = 1 << 16;

  /// A cut leaves k, so that the next one comes after half as many again.
  static std::size_t most_after_cutting(std::uint64_t k);

  void add_slice(std::uint64_t first, std::span<const float> values);
  void cut();

  std::uint64_t k_;
  const Primitives& primitives_;
  std::uint32_t bound_;    ///< what has a lower magnitude key is none of the k largest
  Pairs held_;             ///< and room behind
  std::size_t count_ = 0;  ///< of those that are held
};

}  // namespace simrun
