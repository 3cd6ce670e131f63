#include "kernels/low_rank.hpp"

namespace simrun {

std::vector<FactoredPart> factored_parts(std::span<const TensorShape> tensors, std::uint64_t elements, int rank) {
  if (tensors.empty()) return {{.first = 0, .elements = elements, .shape = {}}};
  std::vector<FactoredPart> parts;
  std::uint64_t first = 0;
  for (const TensorShape& shape : tensors) {
    FactoredPart part{.first = first, .elements = 1, .shape = {}};
    for (const std::uint64_t extent : shape) part.elements *= extent;
    if (shape.size() > 1 && part.elements > 0) {
      const std::uint64_t rows = shape.front();
      const std::uint64_t columns = part.elements / rows;
      if (static_cast<std::uint64_t>(rank) * (rows + columns) < part.elements) {
        part.shape = {.rows = rows, .columns = columns, .rank = static_cast<std::uint64_t>(rank)};
      }
    }
    first += part.elements;
    parts.push_back(part);
  }
  return parts;
}

}  // namespace simrun
