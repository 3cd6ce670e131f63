#include "sim/training/tensor_groups.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {

TensorGroups::TensorGroups(const Model& model, const Grouping& grouping)
    : model_(model), groups_(make_schedule(model, grouping)) {
  for (const Group& group : groups_) shapes_.push_back(shapes_of(model, group));
}

std::span<const float> TensorGroups::values_of(std::span<const float> gradient, std::size_t group,
                                               std::vector<float>& copy) const {
  if (groups_.size() == 1) return gradient;
  copy.clear();
  for (const std::size_t tensor : groups_[group].tensors) {
    const auto values = gradient.subspan(model_.offset(tensor), model_.tensors[tensor].elements());
    copy.insert(copy.end(), values.begin(), values.end());
  }
  return copy;
}

void TensorGroups::put_values(std::span<const float> values, std::size_t group, std::span<float> gradient) const {
  for (const std::size_t tensor : groups_[group].tensors) {
    const std::size_t elements = model_.tensors[tensor].elements();
    const auto to = gradient.subspan(model_.offset(tensor), elements);
    std::copy_n(values.begin(), elements, to.begin());
    values = values.subspan(elements);
  }
}

Pairs TensorGroups::largest_of_tensors(const Primitives& primitives, double density, std::span<const float> values,
                                       std::size_t group) const {
  Pairs all;
  std::size_t offset = 0;
  for (const std::size_t tensor : groups_[group].tensors) {
    const std::size_t elements = model_.tensors[tensor].elements();
    const auto kept = static_cast<std::size_t>(std::ceil(density * static_cast<double>(elements)));
    const Pairs largest = primitives.select_largest(values.subspan(offset, elements), kept);
    for (const std::uint32_t i : largest.indices) all.indices.push_back(static_cast<std::uint32_t>(offset + i));
    all.values.insert(all.values.end(), largest.values.begin(), largest.values.end());
    offset += elements;
  }
  return all;
}

}  // namespace simrun
