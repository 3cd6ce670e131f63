// Values as they are, or rounded to nearest, ties to even, to two bytes.

#include <algorithm>
#include <cstring>

#include "kernels/precision.hpp"
#include "kernels/value_codings/codings.hpp"

namespace simrun {
namespace {

std::size_t write_fp32(std::span<const float> values, std::span<float>, std::span<std::uint32_t> words) {
  if (!values.empty()) std::memcpy(words.data(), values.data(), values.size_bytes());
  return values.size();
}

void read_fp32(std::span<const float>, std::span<const std::uint32_t> words, std::span<float> values) {
  if (!values.empty()) std::memcpy(values.data(), words.data(), values.size_bytes());
}

template <Precision precision>
std::size_t write_narrow(std::span<const float> values, std::span<float>, std::span<std::uint32_t> words) {
  constexpr std::uint16_t infinite = precision == Precision::fp16 ? 0x7C00 : 0x7F80;
  const std::vector<std::uint16_t> bits = narrowed(precision, values);
  if (!bits.empty()) std::memcpy(words.data(), bits.data(), bits.size() * sizeof(std::uint16_t));
  const auto lost = std::ranges::find_if(bits, [](std::uint16_t x) { return (x & 0x7FFFU) >= infinite; });
  return static_cast<std::size_t>(lost - bits.begin());
}

template <Precision precision>
void read_narrow(std::span<const float>, std::span<const std::uint32_t> words, std::span<float> values) {
  std::vector<std::uint16_t> bits(values.size());
  if (!bits.empty()) std::memcpy(bits.data(), words.data(), bits.size() * sizeof(std::uint16_t));
  widen(precision, bits, values);
}

}  // namespace

ValueCodingEntry fp32_values() {
  return {.coding = ValueCoding::fp32,
          .name = "fp32",
          .summary = "as they are",
          .bits = 32,
          .write = write_fp32,
          .read = read_fp32};
}

ValueCodingEntry fp16_values() {
  return {.coding = ValueCoding::fp16,
          .name = "fp16",
          .summary = "IEEE half precision",
          .bits = 16,
          .write = write_narrow<Precision::fp16>,
          .read = read_narrow<Precision::fp16>};
}

ValueCodingEntry bf16_values() {
  return {.coding = ValueCoding::bf16,
          .name = "bf16",
          .summary = "the upper half of fp32",
          .bits = 16,
          .write = write_narrow<Precision::bf16>,
          .read = read_narrow<Precision::bf16>};
}

}  // namespace simrun
