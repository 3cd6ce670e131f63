#include "kernels/precision.hpp"

#include <algorithm>
#include <cstddef>

#include "kernels/cpu/bfloat16.hpp"
#include "kernels/cpu/half.hpp"

namespace simrun {
namespace {

bool convert(Precision precision, const float* x, std::size_t count, std::uint16_t* out) {
  return precision == Precision::fp16 ? convert_to_half(x, count, out) : convert_to_bfloat16(x, count, out);
}

}  // namespace

std::optional<Precision> precision_of(std::string_view name) {
  for (const Precision precision : {Precision::fp32, Precision::fp16, Precision::bf16}) {
    if (name == name_of(precision)) return precision;
  }
  return std::nullopt;
}

void round_to(Precision precision, std::span<float> x) {
  if (precision == Precision::fp32) return;
  constexpr std::size_t at_a_time = 1024;
  std::uint16_t bits[at_a_time];
  for (std::size_t i = 0; i < x.size(); i += at_a_time) {
    const std::size_t count = std::min(at_a_time, x.size() - i);
    convert(precision, &x[i], count, bits);
    widen(precision, {bits, count}, x.subspan(i, count));
  }
}

std::vector<std::uint16_t> narrowed(Precision precision, std::span<const float> x) {
  std::vector<std::uint16_t> bits(x.size());
  convert(precision, x.data(), x.size(), bits.data());
  return bits;
}

void widen(Precision precision, std::span<const std::uint16_t> bits, std::span<float> x) {
  if (precision == Precision::fp16) {
    convert_from_half(bits.data(), bits.size(), x.data());
  } else {
    convert_from_bfloat16(bits.data(), bits.size(), x.data());
  }
}

}  // namespace simrun
