#include <atomic>
#include <bit>
#include <stdexcept>

#include "kernels/cpu/mask.hpp"
#include "kernels/cpu/operations.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

struct WordScan {
  std::uint32_t word;
  bool non_finite;
};

WordScan pack_tail(std::span<const float> x) {
  WordScan result{0, false};
  for (std::size_t j = 0; j < x.size(); ++j) {
    result.word |= std::uint32_t{x[j] < 0.0F} << j;
    result.non_finite |= magnitude_key(x[j]) >= infinity_key;
  }
  return result;
}

#if defined(__SSE2__)

/// Packs words.size() * 32 elements; true if all of them are finite.
bool pack_whole_words(const float* x, std::span<std::uint32_t> words) {
  const __m128i exponent = _mm_set1_epi32(static_cast<int>(infinity_key));
  __m128i non_finite = _mm_setzero_si128();
  const auto negative = [&](const float* at) {
    const __m128 values = _mm_loadu_ps(at);
    const __m128i bits = _mm_and_si128(_mm_castps_si128(values), exponent);
    non_finite = _mm_or_si128(non_finite, _mm_cmpeq_epi32(bits, exponent));
    return _mm_castps_si128(_mm_cmplt_ps(values, _mm_setzero_ps()));
  };
  for (std::uint32_t& word : words) {
    const std::uint32_t low = lane_bits(negative(x), negative(x + 4), negative(x + 8), negative(x + 12));
    const std::uint32_t high = lane_bits(negative(x + 16), negative(x + 20), negative(x + 24), negative(x + 28));
    word = low | high << 16;
    x += 32;
  }
  return _mm_movemask_epi8(non_finite) == 0;
}

#else

bool pack_whole_words(const float* x, std::span<std::uint32_t> words) {
  bool non_finite = false;
  for (std::uint32_t& word : words) {
    const WordScan scan = pack_tail({x, 32});
    word = scan.word;
    non_finite |= scan.non_finite;
    x += 32;
  }
  return !non_finite;
}

#endif

}  // namespace

void cpu_pack_signs(std::span<const float> x, std::span<std::uint32_t> words, unsigned threads) {
  if (words.size() != sign_words(x.size())) throw std::invalid_argument("one word holds 32 signs");
  const std::size_t whole = x.size() / 32;
  std::atomic<bool> finite = true;
  parallel_ranges(whole, useful_threads(x.size(), threads), 16, [&](std::size_t, std::size_t begin, std::size_t end) {
    if (!pack_whole_words(x.data() + begin * 32, words.subspan(begin, end - begin))) finite = false;
  });
  if (whole < words.size()) {
    const WordScan tail = pack_tail(x.subspan(whole * 32));
    words[whole] = tail.word;
    if (tail.non_finite) finite = false;
  }
  if (!finite) check_finite(x);
}

void cpu_add_signs(std::span<const std::uint32_t> words, float positive, float negative, std::span<float> out,
                   unsigned threads) {
  if (words.size() != sign_words(out.size())) throw std::invalid_argument("one word holds 32 signs");
  const auto bits = std::bit_cast<std::uint32_t>(positive);
  const std::uint32_t difference = bits ^ std::bit_cast<std::uint32_t>(negative);
  parallel_ranges(out.size(), useful_threads(out.size(), threads), 32,
                  [&](std::size_t, std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) {
                      const std::uint32_t chosen = 0U - (words[i / 32] >> (i % 32) & 1U);  // all bits set or none
                      out[i] += std::bit_cast<float>(bits ^ (difference & chosen));
                    }
                  });
}

}  // namespace simrun
