#include "sim/workload/element_type.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <vector>

namespace simrun {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are read as they lie in the file");

template <class Stored, class Convert>
void read_converted(std::span<float> out, const std::function<void(std::uint64_t, std::span<std::byte>)>& read,
                    const Convert& convert) {
  std::vector<Stored> stored(std::min<std::size_t>(out.size(), 1 << 20));
  for (std::size_t begin = 0; begin < out.size(); begin += stored.size()) {
    const auto piece = std::span(stored).first(std::min(stored.size(), out.size() - begin));
    read(begin * sizeof(Stored), std::as_writable_bytes(piece));
    std::transform(piece.begin(), piece.end(), out.begin() + static_cast<std::ptrdiff_t>(begin), convert);
  }
}

}  // namespace

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::float64:
      return 8;
    case ElementType::float32:
      return 4;
    default:
      return 2;
  }
}

void read_elements(ElementType type, std::span<float> out,
                   const std::function<void(std::uint64_t, std::span<std::byte>)>& read) {
  switch (type) {
    case ElementType::float32:
      return read(0, std::as_writable_bytes(out));
    case ElementType::float64:
      return read_converted<double>(out, read, [](double value) { return static_cast<float>(value); });
    case ElementType::bfloat16:
      return read_converted<std::uint16_t>(
          out, read, [](std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16U); });
    case ElementType::float16:
      return read_converted<std::uint16_t>(
          out, read, [](std::uint16_t bits) { return static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits)); });
  }
}

}  // namespace simrun
