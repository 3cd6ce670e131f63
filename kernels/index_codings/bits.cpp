#include "kernels/index_codings/bits.hpp"

#include "kernels/simd.hpp"

namespace simrun {

SIMRUN_EVERY_SIMD std::uint64_t count_bits(std::span<const std::byte> words) {
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < words.size(); at += word_bytes) {
    bits += static_cast<std::uint64_t>(std::popcount(load_word(words.data() + at)));
  }
  return bits;
}

}  // namespace simrun
