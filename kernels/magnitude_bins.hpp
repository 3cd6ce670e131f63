#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/payload.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

/// Bins of magnitudes, an eighth of an octave each, from two octaves below a middle one to 14 above it. The first and
/// the last have what is beyond. By how many entries each has, workers agree on which of theirs are the largest.
class MagnitudeBins {
 public:
  static constexpr std::size_t count = 128;

  explicit MagnitudeBins(float middle);

  std::size_t of(float value) const;

  /// How many of the entries of pairs are in each.
  std::vector<std::uint32_t> counts(const Payload& pairs) const;

  /// The bin from which on up are at least so many entries, of such numbers; the first if there are fewer.
  static std::size_t reaching(std::span<const float> counts, std::uint64_t entries);

 private:
  std::int64_t first_;  ///< of all such bins of fp32 magnitudes
};

/// The `count` largest of pairs that have no fewer; of equal magnitudes those of the lowest indices.
Payload largest_pairs(const Payload& pairs, std::uint64_t count, const Primitives& primitives);

}  // namespace simrun
