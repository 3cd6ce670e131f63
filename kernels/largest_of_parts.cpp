#include "kernels/largest_of_parts.hpp"

#include <algorithm>

#include "kernels/cpu/mask.hpp"
#include "kernels/finite.hpp"

namespace simrun {

Pairs largest_of(PairsView pairs, std::uint64_t k, const Primitives& primitives) {
  // Places in the list ascend with indices, so ties go to the lowest index here as well.
  Pairs largest = primitives.select_largest(pairs.values, k);
  for (std::uint32_t& place : largest.indices) place = pairs.indices[place];
  return largest;
}

LargestOfParts::LargestOfParts(std::uint64_t k, float threshold, const Primitives& primitives)
    : k_(k), primitives_(primitives), bound_(threshold < 0 ? 0 : magnitude_key(threshold) + 1) {}

std::size_t LargestOfParts::most_after_cutting(std::uint64_t k) {
  return k + std::max<std::size_t>(k / 2, slice);
}

void LargestOfParts::add(std::uint64_t first, std::span<const float> part) {
  for (std::size_t begin = 0; begin < part.size(); begin += slice) {
    add_slice(first + begin, part.subspan(begin, std::min(slice, part.size() - begin)));
    if (count_ > most_after_cutting(k_)) cut();
  }
}

std::optional<Pairs> LargestOfParts::take() {
  if (count_ < k_) return std::nullopt;
  if (count_ > k_) cut();
  held_.indices.resize(count_);
  held_.values.resize(count_);
  return std::move(held_);
}

void LargestOfParts::add_slice(std::uint64_t first, std::span<const float> values) {
  if (held_.values.size() < count_ + values.size()) {
    held_.indices.resize(count_ + values.size());
    held_.values.resize(count_ + values.size());
  }
  for_each_at_least(values, bound_, [&](std::size_t i) {
    held_.indices[count_] = static_cast<std::uint32_t>(first + i);
    held_.values[count_] = values[i];
    ++count_;
  });
}

/// Leaves the k largest of what is held. Of equal magnitudes those that came before win.
void LargestOfParts::cut() {
  const std::span<const float> values(held_.values.data(), count_);
  const Pairs largest = largest_of({{held_.indices.data(), count_}, values}, k_, primitives_);
  std::ranges::copy(largest.indices, held_.indices.begin());
  std::ranges::copy(largest.values, held_.values.begin());
  count_ = k_;
  std::uint32_t least = infinity_key;
  for (const float value : largest.values) least = std::min(least, magnitude_key(value));
  bound_ = least + 1;
}

}  // namespace simrun
