#include "kernels/drawn_indices.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>

#include "kernels/philox.hpp"

namespace simrun {
namespace {

/// Of fewer bits there are too few permutations for draws to be even.
constexpr int least_half_bits = 6;
constexpr std::uint32_t rounds = 6;

class Permutation {
 public:
  Permutation(std::uint64_t seed, std::uint64_t elements)
      : seed_(seed),
        elements_(elements),
        half_bits_(std::max(least_half_bits, (static_cast<int>(std::bit_width(elements - 1)) + 1) / 2)),
        mask_((std::uint32_t{1} << half_bits_) - 1) {}

  std::uint64_t operator()(std::uint64_t place) const {
    do place = scrambled(place);
    while (place >= elements_);
    return place;
  }

 private:
  std::uint64_t scrambled(std::uint64_t place) const {
    auto left = static_cast<std::uint32_t>(place >> half_bits_);
    auto right = static_cast<std::uint32_t>(place) & mask_;
    for (std::uint32_t round = 0; round < rounds; ++round) {
      const std::uint32_t mixed = left ^ (philox4x32_10({right, round, 0, 0}, seed_)[0] & mask_);
      left = right;
      right = mixed;
    }
    return std::uint64_t{left} << half_bits_ | right;
  }

  std::uint64_t seed_;
  std::uint64_t elements_;
  int half_bits_;
  std::uint32_t mask_;
};

}  // namespace

std::vector<std::uint32_t> draw_indices(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries) {
  if (entries > elements) throw std::invalid_argument("more entries are to be drawn than there are elements");
  std::vector<std::uint32_t> indices(entries);
  if (entries == 0) return indices;
  const Permutation permutation(seed, elements);
  for (std::uint64_t i = 0; i < entries; ++i) indices[i] = static_cast<std::uint32_t>(permutation(i));
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace simrun
