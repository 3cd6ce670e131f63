#include "kernels/drawn_indices.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <span>
#include <stdexcept>

#include "kernels/philox.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

/// Of fewer bits there are too few permutations for draws to be even.
constexpr int least_half_bits = 6;
constexpr std::uint32_t rounds = 6;

/// Places that are led through the permutation at a time.
constexpr std::size_t batch = 64;

/// Applies the network once to each of these places.
SIMRUN_EVERY_SIMD void scramble(std::span<std::uint32_t, batch> places, std::uint64_t seed, unsigned half_bits) {
  const std::uint32_t mask = (std::uint32_t{1} << half_bits) - 1;
  for (std::uint32_t& place : places) {
    std::uint32_t left = place >> half_bits;
    std::uint32_t right = place & mask;
    for (std::uint32_t round = 0; round < rounds; ++round) {
      const std::uint32_t mixed = left ^ (philox4x32_10({right, round, 0, 0}, seed)[0] & mask);
      left = right;
      right = mixed;
    }
    place = left << half_bits | right;
  }
}

/// Calls give(index) for each index that is drawn, in any order.
template <class Give>
void draw(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries, const Give& give) {
  const int wanted = (static_cast<int>(std::bit_width(elements - 1)) + 1) / 2;
  const auto half_bits = static_cast<unsigned>(std::max(least_half_bits, wanted));
  std::array<std::uint32_t, batch> places{};
  std::size_t walking = 0;  // that lie beyond the elements still
  for (std::uint64_t next = 0; next < entries || walking > 0;) {
    for (; walking < batch && next < entries; ++next) places[walking++] = static_cast<std::uint32_t>(next);
    scramble(places, seed, half_bits);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < walking; ++i) {
      if (places[i] < elements) {
        give(places[i]);
      } else {
        places[kept++] = places[i];
      }
    }
    walking = kept;
  }
}

/// Numbers below `elements`, told by a bit each, in ascending order.
std::vector<std::uint32_t> listed(const std::vector<std::uint64_t>& bits, std::uint64_t entries) {
  std::vector<std::uint32_t> indices;
  indices.reserve(entries);
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1)
      indices.push_back(static_cast<std::uint32_t>(64 * word + static_cast<unsigned>(std::countr_zero(rest))));
  }
  return indices;
}

}  // namespace

std::vector<std::uint32_t> draw_indices(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries) {
  if (entries > elements) throw std::invalid_argument("more entries are to be drawn than there are elements");
  if (entries == 0) return {};
  constexpr std::uint64_t elements_an_entry = 1024;  // with more of them sorting takes less time than bits
  if (elements / entries < elements_an_entry) {
    std::vector<std::uint64_t> bits((elements + 63) / 64);
    draw(seed, elements, entries, [&](std::uint32_t index) { bits[index / 64] |= std::uint64_t{1} << index % 64; });
    return listed(bits, entries);
  }
  std::vector<std::uint32_t> indices;
  indices.reserve(entries);
  draw(seed, elements, entries, [&](std::uint32_t index) { indices.push_back(index); });
  std::sort(indices.begin(), indices.end());
  return indices;
}

std::vector<std::uint32_t> draw_block(std::uint64_t seed, std::uint64_t elements, std::uint64_t entries) {
  if (entries > elements) throw std::invalid_argument("more entries are to be drawn than there are elements");
  if (entries == 0) return {};
  const std::uint64_t first = draw_indices(seed, elements, 1).front();
  const std::uint64_t wrapped = entries - std::min(entries, elements - first);  // that lie before the first
  std::vector<std::uint32_t> indices(entries);
  const auto rest = indices.begin() + static_cast<std::ptrdiff_t>(wrapped);
  std::iota(indices.begin(), rest, 0U);
  std::iota(rest, indices.end(), static_cast<std::uint32_t>(first));
  return indices;
}

}  // namespace simrun
