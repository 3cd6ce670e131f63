#include "sim/calibration/calibration_grid.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "sim/scenario/model_file.hpp"
#include "sim/system/data_path.hpp"

namespace simrun {
namespace {

/// first, first * factor, ... below `end`, then `end`.
std::vector<double> powers(double first, double factor, double end) {
  std::vector<double> values;
  for (double value = first; value < end; value *= factor) values.push_back(value);
  values.push_back(end);
  return values;
}

std::vector<double> elements_axis(const OperationEntry& operation, const GridOptions& options) {
  const auto most = static_cast<double>(options.most_elements);
  std::vector<double> wanted = {most, 1, 64};
  if (!options.quick && !is_of_codec(operation))
    wanted.insert(wanted.end(), options.sizes.begin(), options.sizes.end());
  const std::vector<double> regular = powers(1024, options.quick ? 16 : 4, most);
  wanted.insert(wanted.end(), regular.begin(), regular.end());
  std::vector<double> axis;
  for (const double value : wanted) {
    const auto is_near = [&](double other) { return std::max(value, other) <= 1.25 * std::min(value, other); };
    if (value <= most && std::none_of(axis.begin(), axis.end(), is_near)) axis.push_back(value);
  }
  std::sort(axis.begin(), axis.end());
  return axis;
}

std::vector<double> entries_axis(const GridOptions& options) {
  const double most = std::max(1.0, std::floor(static_cast<double>(options.most_elements) / 16));
  return powers(1, options.quick ? 32 : 4, most);
}

std::vector<double> density_axis(const OperationEntry& operation, const GridOptions& options) {
  // Closer together where the cost of entries overtakes that of elements.
  std::vector<double> axis = {1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1};
  if (is_of_codec(operation)) axis = {1e-4, 1e-3, 0.01, 0.1, 1};
  if (options.quick) axis = {1e-4, 0.01, 1};
  // Of the payloads that are combined, which the axis takes together.
  if (operation.stage == Stage::combine) axis.push_back(4);
  return axis;
}

std::vector<double> values_of(Axis axis, const OperationEntry& operation, const GridOptions& options) {
  switch (axis) {
    case Axis::elements:
      return elements_axis(operation, options);
    case Axis::entries:
      return entries_axis(options);
    case Axis::parts:
      return powers(1, options.quick ? 8 : 2, 64);
    case Axis::density:
      break;
  }
  return density_axis(operation, options);
}

}  // namespace

std::vector<CostTable::GridAxis> calibration_axes(const OperationEntry& operation, const GridOptions& options) {
  std::vector<CostTable::GridAxis> axes;
  for (const Axis axis : operation.axes) {
    // Operations of other programs alone have no kernels, which tell nothing then.
    const KernelWork& kernels = operation.kernels;
    const bool matters = axis != Axis::density || kernels.launches == 0 || kernels.bytes.per_entry > 0;
    if (matters) axes.push_back({axis, values_of(axis, operation, options)});
  }
  return axes;
}

std::vector<std::uint64_t> sizes_of_models(const std::string& folder) {
  std::set<std::uint64_t, std::greater<>> models;
  std::set<std::uint64_t, std::greater<>> tensors;
  for (const std::string& name : json_names(folder)) {
    const Model model = read_model(folder + "/" + name + ".json");
    models.insert(model.elements());
    for (const Tensor& tensor : model.tensors) {
      if (tensor.elements() >= 1'000'000) tensors.insert(tensor.elements());
    }
  }
  std::vector<std::uint64_t> sizes(models.begin(), models.end());
  sizes.insert(sizes.end(), tensors.begin(), tensors.end());
  return sizes;
}

}  // namespace simrun
