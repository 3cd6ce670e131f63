// A scale, the largest magnitude of all values, and of each value a whole number of scale / (2^(bits-1) - 1), to
// nearest, ties to even, in two's complement: as Primitives::round_to_nearest has them, but one block of all values.

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/primitives.hpp"
#include "kernels/value_codings/codings.hpp"

namespace simrun {
namespace {

template <unsigned bits>
constexpr unsigned most_level = (1U << (bits - 1)) - 1;

template <unsigned bits>
std::size_t write(std::span<const float> values, std::span<float> common, std::span<std::uint32_t> words) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  common.front() = Rounding::scale_of(largest);
  const float inverse = Rounding{.levels = most_level<bits>, .bits = bits}.inverse_of(common.front());
  BitWriter codes(std::as_writable_bytes(words).data());
  for (const float value : values)
    codes.put(std::bit_cast<std::uint32_t>(value * inverse + rounds_to_even) & ((1U << bits) - 1), bits);
  codes.finish();
  return values.size();
}

template <unsigned bits>
void read(std::span<const float> common, std::span<const std::uint32_t> words, std::span<float> values) {
  const float unit = common.front() / static_cast<float>(most_level<bits>);
  for (std::size_t j = 0; j < values.size(); ++j) {
    const auto code = static_cast<std::int32_t>(code_at(words, j, bits) << (32 - bits));
    values[j] = unit * static_cast<float>(code >> (32 - bits));
  }
}

}  // namespace

ValueCodingEntry int8_values() {
  return {.coding = ValueCoding::int8,
          .name = "int8",
          .summary = "255 levels up to the largest magnitude",
          .bits = 8,
          .common = 1,
          .has_scale = true,
          .write = write<8>,
          .read = read<8>};
}

ValueCodingEntry int4_values() {
  return {.coding = ValueCoding::int4,
          .name = "int4",
          .summary = "15 levels up to the largest magnitude",
          .bits = 4,
          .common = 1,
          .has_scale = true,
          .write = write<4>,
          .read = read<4>};
}

}  // namespace simrun
