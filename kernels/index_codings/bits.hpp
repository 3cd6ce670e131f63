#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "kernels/payload.hpp"

namespace simrun {

// Values of a fixed number of bits, one after another from the lowest bit of little-endian uint32 words.

constexpr std::size_t word_bytes = sizeof(std::uint32_t);

/// uint32 words that hold `bits` bits.
constexpr std::uint64_t words_for(std::uint64_t bits) {
  return (bits + 31) / 32;
}

/// The word at `at`, which need not be aligned.
inline std::uint32_t load_word(const std::byte* at) {
  std::uint32_t word;
  std::memcpy(&word, at, word_bytes);
  return word;
}

inline void store_word(std::byte* at, std::uint32_t word) {
  std::memcpy(at, &word, word_bytes);
}

/// `width` bits (at most 32) from bit `bit` on. Reads the word with the first of them and the one after it.
inline std::uint32_t read_bits(const std::byte* words, std::uint64_t bit, unsigned width) {
  std::uint64_t two_words;
  std::memcpy(&two_words, words + bit / 32 * word_bytes, sizeof two_words);
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  return static_cast<std::uint32_t>(two_words >> (bit % 32) & mask);
}

/// Writes values one after another.
class BitWriter {
 public:
  explicit BitWriter(std::byte* at) : at_(at) {}

  /// `value` < 2^width, width <= 32.
  void put(std::uint32_t value, unsigned width) {
    pending_ |= std::uint64_t{value} << filled_;
    filled_ += width;
    if (filled_ < 32) return;
    put_word();
    pending_ >>= 32;
    filled_ -= 32;
  }

  /// Writes what the last word has so far; its other bits are 0. The place behind it.
  std::byte* finish() {
    if (filled_ > 0) put_word();
    return at_;
  }

 private:
  void put_word() {
    store_word(at_, static_cast<std::uint32_t>(pending_));
    at_ += word_bytes;
  }

  std::byte* at_;
  std::uint64_t pending_ = 0;
  unsigned filled_ = 0;  ///< bits of `pending_`; below 32 between calls
};

/// Bits that are set in `words`.
std::uint64_t count_bits(std::span<const std::byte> words);

/// Calls visit(i) for every bit i that is set, ascending. Words without any are passed over in blocks, because which
/// words have some cannot be predicted.
template <class Visit>
void for_each_bit(std::span<const std::byte> words, const Visit& visit) {
  constexpr std::size_t block_words = 256;
  const std::size_t count = words.size() / word_bytes;
  std::array<std::uint32_t, block_words> present;
  for (std::size_t begin = 0; begin < count; begin += block_words) {
    const std::size_t end = std::min(begin + block_words, count);
    std::size_t found = 0;
    for (std::size_t w = begin; w < end; ++w) {
      present[found] = static_cast<std::uint32_t>(w - begin);
      found += static_cast<std::size_t>(load_word(words.data() + w * word_bytes) != 0);
    }
    for (std::size_t p = 0; p < found; ++p) {
      const std::size_t w = begin + present[p];
      for (std::uint32_t word = load_word(words.data() + w * word_bytes); word != 0; word &= word - 1) {
        visit(std::uint64_t{w} * 32 + static_cast<std::uint64_t>(std::countr_zero(word)));
      }
    }
  }
}

/// Room for `size` more bytes of zeros at the end of `out`.
inline std::byte* grow(std::vector<std::byte>& out, std::uint64_t size) {
  const std::size_t before = out.size();
  out.resize(before + size);
  return out.data() + before;
}

/// The first `count` words of `bytes`, as bytes. Throws PayloadError if there are fewer: to be called before anything
/// is allocated for what they hold.
inline std::span<const std::byte> first_words(std::span<const std::byte> bytes, std::uint64_t count) {
  if (bytes.size() / word_bytes < count) throw PayloadError("the payload ends within its indices");
  return bytes.first(count * word_bytes);
}

}  // namespace simrun
