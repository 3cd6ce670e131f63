#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/anywhere.hpp"

namespace simrun {

/// A counter or a result of Philox4x32: four words of 32 bits, the lowest first.
struct PhiloxBlock {
  std::uint32_t words[4];

  SIMRUN_ANYWHERE constexpr std::uint32_t& operator[](std::size_t i) { return words[i]; }
  SIMRUN_ANYWHERE constexpr std::uint32_t operator[](std::size_t i) const { return words[i]; }
  friend bool operator==(const PhiloxBlock& a, const PhiloxBlock& b) = default;
};

/// The two words of a key or of half a counter.
SIMRUN_ANYWHERE constexpr std::uint32_t low_word(std::uint64_t value) {
  return static_cast<std::uint32_t>(value);
}
SIMRUN_ANYWHERE constexpr std::uint32_t high_word(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 32);
}

/// What the first and the third word of the counter are multiplied by in each round, and what is added to the key.
inline constexpr std::uint32_t philox_factor0 = 0xD2511F53;
inline constexpr std::uint32_t philox_factor2 = 0xCD9E8D57;
inline constexpr std::uint32_t philox_step_low = 0x9E3779B9;
inline constexpr std::uint32_t philox_step_high = 0xBB67AE85;

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four random words, a
/// bijection of `counter` for every `key`, the lower word of which is the first. Branch-free and always inlined, so
/// that a loop over counters is vectorised by the compiler.
[[gnu::always_inline]] SIMRUN_ANYWHERE inline PhiloxBlock philox4x32_10(PhiloxBlock counter, std::uint64_t key) {
  std::uint32_t low = low_word(key);
  std::uint32_t high = high_word(key);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{philox_factor0} * counter[0];
    const std::uint64_t product2 = std::uint64_t{philox_factor2} * counter[2];
    counter = {high_word(product2) ^ counter[1] ^ low, low_word(product2), high_word(product0) ^ counter[3] ^ high,
               low_word(product0)};
    low += philox_step_low;
    high += philox_step_high;
  }
  return counter;
}

/// That of the counter `place`, whose upper half is 0.
[[gnu::always_inline]] SIMRUN_ANYWHERE inline PhiloxBlock philox4x32_10(std::uint64_t place, std::uint64_t key) {
  return philox4x32_10(PhiloxBlock{low_word(place), high_word(place), 0, 0}, key);
}

}  // namespace simrun
