#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/simd.hpp"

namespace simrun {

// Numbers of a few bits in words, 32 at a time: kernels/layouts/codes.hpp.

constexpr std::size_t group = 32;  ///< elements that begin with a word

using Codes = std::array<std::uint32_t, group>;

template <class Word>
std::span<Word> words_of_group(std::span<Word> words, std::size_t number, unsigned bits) {
  return words.subspan(number * bits, std::min<std::size_t>(bits, words.size() - number * bits));
}

/// The first words that `codes`, numbers of `bits` bits, make.
SIMRUN_INLINE void pack(const Codes& codes, unsigned bits, std::span<std::uint32_t> words) {
  std::size_t next = 0;
  std::uint64_t buffer = 0;
  unsigned filled = 0;
  for (const std::uint32_t code : codes) {
    buffer |= std::uint64_t{code} << filled;
    filled += bits;
    if (filled < 32) continue;
    if (next < words.size()) words[next] = static_cast<std::uint32_t>(buffer);
    ++next;
    buffer >>= 32U;
    filled -= 32;
  }
}

/// Beyond the end of `words` numbers are 0.
SIMRUN_INLINE void unpack(std::span<const std::uint32_t> words, unsigned bits, Codes& codes) {
  std::size_t next = 0;
  std::uint64_t buffer = 0;
  unsigned filled = 0;
  for (std::uint32_t& code : codes) {
    if (filled < bits) {
      if (next < words.size()) buffer |= std::uint64_t{words[next]} << filled;
      ++next;
      filled += 32;
    }
    code = static_cast<std::uint32_t>(buffer) & ((1U << bits) - 1);
    buffer >>= bits;
    filled -= bits;
  }
}

}  // namespace simrun
