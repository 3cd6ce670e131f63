#include "sim/workload/model.hpp"

#include <functional>
#include <numeric>

namespace simrun {

std::uint64_t Tensor::elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>());
}

std::uint64_t Model::elements() const {
  return offset(tensors.size());
}

std::uint64_t Model::offset(std::size_t tensor) const {
  const auto sum = [](std::uint64_t total, const Tensor& t) { return total + t.elements(); };
  return std::accumulate(tensors.begin(), tensors.begin() + static_cast<std::ptrdiff_t>(tensor), std::uint64_t{0}, sum);
}

}  // namespace simrun
