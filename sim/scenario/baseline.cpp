#include "sim/scenario/baseline.hpp"

#include <variant>

namespace simrun {

std::optional<std::string> note_of_baseline(const Study& study) {
  constexpr double bucket = 25e6;  // bytes, of PyTorch's DistributedDataParallel
  bool has_sgd = false;
  bool has_compression = false;
  for (const Point& point : study.points) {
    const Scenario& scenario = point.scenario;
    if (!scenario.method.sends_gradients()) {
      has_compression = true;
      continue;
    }
    const bool is_whole = std::holds_alternative<Grouping::WholeModel>(scenario.grouping.how);
    if (!is_whole || 4 * static_cast<double>(scenario.elements()) <= bucket) return std::nullopt;
    has_sgd = true;
  }
  if (!has_sgd || !has_compression) return std::nullopt;
  return "sgd is sent whole, after the backward pass; frameworks send it meanwhile, as an entry with \"grouping\": { "
         "\"bucket\": \"25 MB\" } does";
}

}  // namespace simrun
