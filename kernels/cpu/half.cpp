#include "kernels/cpu/half.hpp"

#include <Eigen/Core>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>
/// Compiled for processors with AVX2 and the conversions of F16C, and called on those only.
#define SIMRUN_F16C __attribute__((target("avx2,f16c")))
#endif

namespace simrun {
namespace {

constexpr std::uint16_t exponent_bits = 0x7C00;
constexpr std::uint16_t nan_bits = 0x7E00;

float from_half(std::uint16_t bits) {
  return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits));
}

std::uint16_t to_half(float x) {
  return std::isnan(x) ? nan_bits : Eigen::numext::bit_cast<std::uint16_t>(static_cast<Eigen::half>(x));
}

bool convert_one_by_one(const float* x, std::size_t count, std::uint16_t* out) {
  bool finite = true;
  for (std::size_t i = 0; i < count; ++i) {
    out[i] = to_half(x[i]);
    finite = finite && (out[i] & exponent_bits) != exponent_bits;
  }
  return finite;
}

void convert_back_one_by_one(const std::uint16_t* values, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = from_half(values[i]);
}

void add_weighted_one_by_one(const std::uint16_t* values, std::size_t count, float weight, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] += weight * from_half(values[i]);
}

void add_one_by_one(const std::uint16_t* values, std::size_t count, std::uint16_t* sum) {
  for (std::size_t i = 0; i < count; ++i) sum[i] = to_half(from_half(sum[i]) + from_half(values[i]));
}

#if defined(SIMRUN_F16C)

constexpr std::size_t lanes = 8;

bool has_f16c() {
  static const bool has = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __builtin_cpu_supports("avx2") && __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
  }();
  return has;
}

SIMRUN_F16C inline __m256 load_half(const std::uint16_t* at) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
}

/// Rounds and stores 8 values; returns them.
SIMRUN_F16C inline __m128i store_half(__m256 x, std::uint16_t* at) {
  const __m256i unordered = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  const __m128i is_nan = _mm_packs_epi32(_mm256_castsi256_si128(unordered), _mm256_extracti128_si256(unordered, 1));
  const __m128i rounded = _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m128i values = _mm_blendv_epi8(rounded, _mm_set1_epi16(nan_bits), is_nan);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(at), values);
  return values;
}

/// The same as one by one, for the first multiple of 8 elements: how many that are.
SIMRUN_F16C std::size_t convert_lanes(const float* x, std::size_t count, std::uint16_t* out, bool& finite) {
  const __m128i exponent = _mm_set1_epi16(exponent_bits);
  __m128i non_finite = _mm_setzero_si128();
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const __m128i values = store_half(_mm256_loadu_ps(x + i), out + i);
    non_finite = _mm_or_si128(non_finite, _mm_cmpeq_epi16(_mm_and_si128(values, exponent), exponent));
  }
  finite = _mm_movemask_epi8(non_finite) == 0;
  return i;
}

SIMRUN_F16C std::size_t convert_back_lanes(const std::uint16_t* values, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) _mm256_storeu_ps(out + i, load_half(values + i));
  return i;
}

SIMRUN_F16C std::size_t add_weighted_lanes(const std::uint16_t* values, std::size_t count, float weight, float* out) {
  const __m256 factor = _mm256_set1_ps(weight);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const __m256 product = _mm256_mul_ps(factor, load_half(values + i));
    _mm256_storeu_ps(out + i, _mm256_add_ps(_mm256_loadu_ps(out + i), product));
  }
  return i;
}

SIMRUN_F16C std::size_t add_lanes(const std::uint16_t* values, std::size_t count, std::uint16_t* sum) {
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    store_half(_mm256_add_ps(load_half(sum + i), load_half(values + i)), sum + i);
  }
  return i;
}

#else

bool has_f16c() {
  return false;
}

std::size_t convert_lanes(const float*, std::size_t, std::uint16_t*, bool&) {
  return 0;
}

std::size_t convert_back_lanes(const std::uint16_t*, std::size_t, float*) {
  return 0;
}

std::size_t add_weighted_lanes(const std::uint16_t*, std::size_t, float, float*) {
  return 0;
}

std::size_t add_lanes(const std::uint16_t*, std::size_t, std::uint16_t*) {
  return 0;
}

#endif

}  // namespace

bool convert_to_half(const float* x, std::size_t count, std::uint16_t* out) {
  bool finite = true;
  const std::size_t done = has_f16c() ? convert_lanes(x, count, out, finite) : 0;
  return convert_one_by_one(x + done, count - done, out + done) && finite;
}

void convert_from_half(const std::uint16_t* values, std::size_t count, float* out) {
  const std::size_t done = has_f16c() ? convert_back_lanes(values, count, out) : 0;
  convert_back_one_by_one(values + done, count - done, out + done);
}

void add_weighted_half(const std::uint16_t* values, std::size_t count, float weight, float* out) {
  const std::size_t done = has_f16c() ? add_weighted_lanes(values, count, weight, out) : 0;
  add_weighted_one_by_one(values + done, count - done, weight, out + done);
}

void add_to_half(const std::uint16_t* values, std::size_t count, std::uint16_t* sum) {
  const std::size_t done = has_f16c() ? add_lanes(values, count, sum) : 0;
  add_one_by_one(values + done, count - done, sum + done);
}

}  // namespace simrun
