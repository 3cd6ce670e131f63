#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// The tensors that travel together: where their values lie in a gradient (size N, tensors in forward order) and in a
/// group, one tensor after another.
class TensorGroups {
 public:
  /// The model outlives this.
  TensorGroups(const Model& model, const Grouping& grouping);

  std::size_t size() const { return groups_.size(); }
  const std::vector<TensorShape>& shapes(std::size_t group) const { return shapes_[group]; }

  /// The group's values of a gradient; valid as long as the gradient and `copy`, which may hold them.
  std::span<const float> values_of(std::span<const float> gradient, std::size_t group, std::vector<float>& copy) const;

  /// The inverse: puts the group's values into a gradient. What `values` has beyond them is not read.
  void put_values(std::span<const float> values, std::size_t group, std::span<float> gradient) const;

  /// Of every tensor of n elements in the group's values the ceil(density n) that are largest in magnitude.
  Pairs largest_of_tensors(const Primitives& primitives, double density, std::span<const float> values,
                           std::size_t group) const;

 private:
  const Model& model_;
  std::vector<Group> groups_;
  std::vector<std::vector<TensorShape>> shapes_;  ///< by group
};

}  // namespace simrun
