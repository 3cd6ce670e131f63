#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "kernels/philox.hpp"
#include "kernels/simd.hpp"

namespace simrun {

// Groups of 32 elements, whose numbers of a few bits begin with a word (kernels/layouts/codes.hpp).

constexpr std::size_t group = 32;

using Codes = std::array<std::uint32_t, group>;

/// The random words of 32 elements.
SIMRUN_INLINE void draw(std::uint64_t first, std::uint64_t seed, Codes& words) {
  for (std::size_t block = 0; block < group / 4; ++block) {
    const std::uint64_t place = first / 4 + block;
    const PhiloxBlock four = philox4x32_10(place, seed);
    for (std::size_t i = 0; i < 4; ++i) words[4 * block + i] = four[i];
  }
}

template <class T, std::size_t count>
struct VectorOf {
  typedef T Type __attribute__((vector_size(count * sizeof(T))));
};
template <class T, std::size_t count>
using Vector = typename VectorOf<T, count>::Type;

/// The words that numbers of `bits` bits make. Neighbours are joined as long as both have room in a word, which is done
/// to many at once; the rest is unrolled, so that places are constants.
template <unsigned bits, std::size_t count>
SIMRUN_INLINE void pack(const std::array<std::uint32_t, count>& numbers,
                        std::array<std::uint32_t, bits * count / 32>& words) {
  if constexpr (bits == 32) {
    words = numbers;
  } else if constexpr (bits <= 16) {
    Vector<std::uint64_t, count / 2> pairs;  // a | b << 32, to become a | b << bits
    std::memcpy(&pairs, numbers.data(), sizeof pairs);
    const auto lower = __builtin_convertvector(pairs | pairs >> (32 - bits), Vector<std::uint32_t, count / 2>);
    std::array<std::uint32_t, count / 2> joined;
    std::memcpy(joined.data(), &lower, sizeof lower);
    pack<2 * bits>(joined, words);
  } else {
    words = {};
#pragma GCC unroll 32
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t word = i * bits / 32;
      const unsigned shift = i * bits % 32;
      words[word] |= numbers[i] << shift;
      if (shift + bits > 32) words[word + 1] |= numbers[i] >> (32 - shift);
    }
  }
}

/// Writes them, of the last group those that `words` has room for.
template <unsigned bits>
SIMRUN_INLINE void put(const Codes& codes, std::span<std::uint32_t> words) {
  std::array<std::uint32_t, bits> packed;
  pack<bits>(codes, packed);
  if (words.size() >= bits) {
    std::copy_n(packed.data(), bits, words.data());
  } else {
    std::copy_n(packed.data(), words.size(), words.data());
  }
}

template <unsigned bits>
SIMRUN_INLINE void unpack(const std::array<std::uint32_t, bits>& words, Codes& codes) {
#pragma GCC unroll 32
  for (std::size_t i = 0; i < group; ++i) {
    const std::size_t word = i * bits / 32;
    const unsigned shift = i * bits % 32;
    std::uint32_t code = words[word] >> shift;
    if (shift + bits > 32) code |= words[word + 1] << (32 - shift);
    codes[i] = code & ((1U << bits) - 1);
  }
}

/// Calls work(from) with the elements of a group; beyond the end there are zeros.
template <class Work>
SIMRUN_INLINE void with_group(std::span<const float> x, std::size_t first, const Work& work) {
  if (x.size() - first >= group) return work(x.data() + first);
  std::array<float, group> padded{};
  std::copy(x.begin() + static_cast<std::ptrdiff_t>(first), x.end(), padded.begin());
  work(padded.data());
}

/// Calls work(std::integral_constant) with the number of bits of a level.
template <class Work>
SIMRUN_INLINE auto with_bits(unsigned bits, const Work& work) {
  switch (bits) {
    case 2:
      return work(std::integral_constant<unsigned, 2>());
    case 3:
      return work(std::integral_constant<unsigned, 3>());
    case 4:
      return work(std::integral_constant<unsigned, 4>());
    case 5:
      return work(std::integral_constant<unsigned, 5>());
    case 6:
      return work(std::integral_constant<unsigned, 6>());
    case 7:
      return work(std::integral_constant<unsigned, 7>());
    default:
      return work(std::integral_constant<unsigned, 8>());
  }
}

}  // namespace simrun
