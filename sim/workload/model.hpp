#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simrun {

/// One parameter tensor of a model.
struct Tensor {
  std::string name;
  std::vector<std::uint64_t> shape;

  /// Number of parameters: the product of the shape.
  std::uint64_t elements() const;
};

/// The parameter tensors of a model in forward order.
struct Model {
  std::string name;
  std::vector<Tensor> tensors;
  std::string assumed = {};  ///< what the file that it is from does not say; empty where that says all

  /// Number of parameters N.
  std::uint64_t elements() const;

  /// Index of the first parameter of `tensor` among all, in forward order.
  std::uint64_t offset(std::size_t tensor) const;
};

}  // namespace simrun
