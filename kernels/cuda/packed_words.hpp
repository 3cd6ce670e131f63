#pragma once

#include "kernels/cuda/block.hpp"

namespace simrun::cuda {

// Values of a fixed number of bits, one after another from the lowest bit of 32-bit words.

/// Words that hold `bits` bits.
SIMRUN_ANYWHERE constexpr std::uint64_t words_of(std::uint64_t bits) {
  return divide_up<std::uint64_t>(bits, 32);
}

/// Where word `at` of an array in shared memory is kept if each thread reads a stretch of up to 32 words, a power of
/// two: so the threads of a warp meet in no bank.
SIMRUN_ANYWHERE constexpr unsigned spread(unsigned at) {
  return at + at / 32;
}

/// The lowest `width` bits, at most 32.
SIMRUN_DEVICE inline std::uint32_t low_bits(std::uint32_t value, unsigned width) {
  return width < 32 ? value & ((1U << width) - 1) : value;
}

/// Word `at` of `count` values of `width` bits, 0 < width <= 32. Size is the type that counts bits.
template <class Size, class ValueAt>
SIMRUN_DEVICE std::uint32_t packed_word(Size at, unsigned width, Size count, const ValueAt& value_at) {
  const Size begin = at * 32;
  std::uint32_t word = 0;
  Size value = begin / width;
  for (Size bit = value * width; bit < begin + 32 && value < count; bit += width, ++value) {
    const std::uint32_t bits = value_at(value);
    word |= bit >= begin ? bits << (bit - begin) : bits >> (begin - bit);
  }
  return word;
}

/// Value `at` of those that `words` hold, `width` <= 32 bits each. Reads the words that hold a bit of it.
SIMRUN_DEVICE inline std::uint32_t unpacked(const std::uint32_t* words, std::uint64_t at, unsigned width) {
  if (width == 0) return 0;
  const std::uint64_t bit = at * width;
  const auto shift = static_cast<unsigned>(bit % 32);
  std::uint64_t bits = words[bit / 32];
  if (shift + width > 32) bits |= std::uint64_t{words[bit / 32 + 1]} << 32;
  return low_bits(static_cast<std::uint32_t>(bits >> shift), width);
}

}  // namespace simrun::cuda
