#include "kernels/precision.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "kernels/cpu/half.hpp"
#include "kernels/simd.hpp"

namespace simrun {
namespace {

/// Half an ulp, or just less where the last bit that is kept is even, carries into what is kept.
SIMRUN_EVERY_SIMD void round_to_bf16(float* x, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(x[i]);
    const std::uint32_t rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) & 0xFFFF0000U;
    const std::uint32_t quiet_nan = (bits & 0xFFFF0000U) | 0x00400000U;
    x[i] = std::bit_cast<float>((bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet_nan : rounded);
  }
}

void round_to_fp16(std::span<float> x) {
  constexpr std::size_t at_a_time = 1024;
  std::uint16_t halves[at_a_time];
  for (std::size_t i = 0; i < x.size(); i += at_a_time) {
    const std::size_t count = std::min(at_a_time, x.size() - i);
    convert_to_half(&x[i], count, halves);
    convert_from_half(halves, count, &x[i]);
  }
}

}  // namespace

std::optional<Precision> precision_of(std::string_view name) {
  for (const Precision precision : {Precision::fp32, Precision::fp16, Precision::bf16}) {
    if (name == name_of(precision)) return precision;
  }
  return std::nullopt;
}

void round_to(Precision precision, std::span<float> x) {
  if (precision == Precision::bf16) round_to_bf16(x.data(), x.size());
  if (precision == Precision::fp16) round_to_fp16(x);
}

std::vector<std::uint16_t> narrowed(Precision precision, std::span<const float> x) {
  std::vector<std::uint16_t> bits(x.size());
  if (precision == Precision::fp16) {
    convert_to_half(x.data(), x.size(), bits.data());
  } else {
    std::vector<float> rounded(x.begin(), x.end());
    round_to_bf16(rounded.data(), rounded.size());
    for (std::size_t i = 0; i < x.size(); ++i)
      bits[i] = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded[i]) >> 16);
  }
  return bits;
}

}  // namespace simrun
