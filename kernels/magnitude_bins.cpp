#include "kernels/magnitude_bins.hpp"

#include <algorithm>

#include "kernels/finite.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

constexpr unsigned bits_below_eighths = 20;  // of an fp32 number
constexpr std::int64_t bins_below = 16;      // the middle

std::int64_t eighths_of(float value) {
  return magnitude_key(value) >> bits_below_eighths;
}

}  // namespace

MagnitudeBins::MagnitudeBins(float middle) : first_(eighths_of(middle) - bins_below) {}

std::size_t MagnitudeBins::of(float value) const {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(eighths_of(value) - first_, 0, count - 1));
}

std::vector<std::uint32_t> MagnitudeBins::counts(const Payload& pairs) const {
  std::vector<std::uint32_t> all(count);
  Pairs decoded;
  for (const float value : view_pairs(pairs, decoded).values) ++all[of(value)];
  return all;
}

std::size_t MagnitudeBins::reaching(std::span<const float> counts, std::uint64_t entries) {
  std::size_t bin = counts.size() - 1;
  for (double reached = counts[bin]; bin > 0 && reached < static_cast<double>(entries);) reached += counts[--bin];
  return bin;
}

Payload largest_pairs(const Payload& pairs, std::uint64_t count, const Primitives& primitives) {
  if (count == pairs.entries()) return pairs;
  Pairs decoded;
  const Pairs largest = primitives.merge_largest(view_pairs(pairs, decoded), {}, static_cast<std::size_t>(count));
  return make_pairs(pairs.index(), pairs.elements(), {largest.indices, largest.values});
}

}  // namespace simrun
