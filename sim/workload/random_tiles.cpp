#include "sim/workload/random_tiles.hpp"

#include "kernels/philox.hpp"
#include "kernels/simd.hpp"

#ifdef SIMRUN_HAS_SIMD_VERSIONS
#include <immintrin.h>
#endif

namespace simrun {
namespace {

#ifdef SIMRUN_HAS_SIMD_VERSIONS
__attribute__((target("default")))
#endif
void fill(const Stream& stream, std::uint64_t first, Tile& out) {
  for (std::uint32_t j = 0; j < blocks_a_tile; ++j) {
    const PhiloxBlock block =
        philox4x32_10({low_word(first) + j, high_word(first), stream.tensor, stream.owner}, stream.seed);
    for (std::size_t i = 0; i < 4; ++i) out[i][j] = block[i];
  }
}

#ifdef SIMRUN_HAS_SIMD_VERSIONS
// The same by hand: gcc does not find the instruction that multiplies the low halves of 64-bit lanes, which is all that
// Philox needs. Even and odd blocks are in different vectors; the high halves of their lanes are not used.

__attribute__((target("avx2"))) inline __m256i all_of_256(std::uint32_t x) {
  return _mm256_set1_epi32(static_cast<int>(x));
}

__attribute__((target("avx2"))) void fill(const Stream& stream, std::uint64_t first, Tile& out) {
  const __m256i factor0 = all_of_256(philox_factor0), factor2 = all_of_256(philox_factor2);
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  for (std::uint32_t j = 0; j < blocks_a_tile; j += 8) {
    const __m256i counter = _mm256_add_epi32(all_of_256(low_word(first) + j), lanes);
    __m256i even[4] = {counter, all_of_256(high_word(first)), all_of_256(stream.tensor), all_of_256(stream.owner)};
    __m256i odd[4] = {_mm256_srli_epi64(counter, 32), even[1], even[2], even[3]};
    std::uint32_t key0 = low_word(stream.seed), key1 = high_word(stream.seed);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round, key0 += philox_step_low, key1 += philox_step_high) {
      for (auto* c : {even, odd}) {
        const __m256i product0 = _mm256_mul_epu32(c[0], factor0), product2 = _mm256_mul_epu32(c[2], factor2);
        c[0] = _mm256_srli_epi64(product2, 32) ^ c[1] ^ all_of_256(key0);
        c[1] = product2;
        c[2] = _mm256_srli_epi64(product0, 32) ^ c[3] ^ all_of_256(key1);
        c[3] = product0;
      }
    }
    for (int i = 0; i < 4; ++i) {
      const __m256i both = _mm256_blend_epi32(even[i], _mm256_slli_epi64(odd[i], 32), 0b10101010);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(&out[i][j]), both);
    }
  }
}

// gcc 12 takes results that its own header leaves undefined, and which are then set, for uninitialised values.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

__attribute__((target("avx512f"))) inline __m512i all_of_512(std::uint32_t x) {
  return _mm512_set1_epi32(static_cast<int>(x));
}

__attribute__((target("avx512f"))) void fill(const Stream& stream, std::uint64_t first, Tile& out) {
  constexpr int xor_of_three = 0x96;
  const __m512i factor0 = all_of_512(philox_factor0), factor2 = all_of_512(philox_factor2);
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  for (std::uint32_t j = 0; j < blocks_a_tile; j += 16) {
    const __m512i counter = _mm512_add_epi32(all_of_512(low_word(first) + j), lanes);
    __m512i even[4] = {counter, all_of_512(high_word(first)), all_of_512(stream.tensor), all_of_512(stream.owner)};
    __m512i odd[4] = {_mm512_srli_epi64(counter, 32), even[1], even[2], even[3]};
    std::uint32_t key0 = low_word(stream.seed), key1 = high_word(stream.seed);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round, key0 += philox_step_low, key1 += philox_step_high) {
      for (auto* c : {even, odd}) {
        const __m512i product0 = _mm512_mul_epu32(c[0], factor0), product2 = _mm512_mul_epu32(c[2], factor2);
        c[0] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product2, 32), c[1], all_of_512(key0), xor_of_three);
        c[1] = product2;
        c[2] = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product0, 32), c[3], all_of_512(key1), xor_of_three);
        c[3] = product0;
      }
    }
    for (int i = 0; i < 4; ++i) {
      const __m512i both = _mm512_mask_blend_epi32(0xAAAA, even[i], _mm512_slli_epi64(odd[i], 32));
      _mm512_storeu_si512(&out[i][j], both);
    }
  }
}

#pragma GCC diagnostic pop
#endif

}  // namespace

void make_tile(const Stream& stream, std::uint64_t tile, Tile& out) {
  fill(stream, tile * blocks_a_tile, out);
}

}  // namespace simrun
