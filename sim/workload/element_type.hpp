#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace simrun {

/// How an element of a gradient lies in a file, little-endian.
enum class ElementType { float16, bfloat16, float32, float64 };

/// Bytes of an element.
std::size_t size_of(ElementType type);

/// Reads `out.size()` elements of `type` by `read(offset, bytes)`, whose offsets begin at 0, piece by piece, as
/// float32. Float64 is rounded to nearest; what is beyond float32's range becomes infinite.
void read_elements(ElementType type, std::span<float> out,
                   const std::function<void(std::uint64_t, std::span<std::byte>)>& read);

}  // namespace simrun
