#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace simrun {

/// How the elements of a gradient are written where a backward pass leaves it.
enum class Precision {
  fp32,
  fp16,  ///< IEEE binary16
  bf16,  ///< bfloat16: the upper half of an fp32 value
};

/// "fp32", "fp16", "bf16".
constexpr const char* name_of(Precision precision) {
  constexpr const char* names[] = {"fp32", "fp16", "bf16"};
  return names[static_cast<int>(precision)];
}

/// The one of that name.
std::optional<Precision> precision_of(std::string_view name);

constexpr unsigned bytes_of(Precision precision) {
  return precision == Precision::fp32 ? 4 : 2;
}

/// Rounds each element to a value that `precision` has: to nearest, ties to even, to infinity beyond its range. -0
/// stays -0, a NaN a NaN.
void round_to(Precision precision, std::span<float> x);

/// The bits of elements rounded so, in fp16 or bf16.
std::vector<std::uint16_t> narrowed(Precision precision, std::span<const float> x);

/// x[i] = the value of bits[i], in fp16 or bf16.
void widen(Precision precision, std::span<const std::uint16_t> bits, std::span<float> x);

}  // namespace simrun
