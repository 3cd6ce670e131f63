#pragma once

#include <cstddef>
#include <cstdint>

namespace simrun {

// Arrays of bfloat16 values, the upper halves of fp32 ones, on one thread. Rounding is to nearest, ties to even; every
// NaN becomes 0x7FC0.

/// out[i] = x[i]; false if some out[i] is a NaN or an infinity.
bool convert_to_bfloat16(const float* x, std::size_t count, std::uint16_t* out);

/// out[i] = values[i].
void convert_from_bfloat16(const std::uint16_t* values, std::size_t count, float* out);

/// out[i] += weight * values[i].
void add_weighted_bfloat16(const std::uint16_t* values, std::size_t count, float weight, float* out);

/// sum[i] = sum[i] + values[i], added in fp32.
void add_to_bfloat16(const std::uint16_t* values, std::size_t count, std::uint16_t* sum);

}  // namespace simrun
