#include "sim/study/method_memory.hpp"

namespace simrun {

Bytes method_memory(const Scenario& scenario, const PointResult& result) {
  double elements = 0;
  for (const Group& group : encoded_groups(scenario))
    elements += group.is_dense ? 0 : static_cast<double>(group.elements);
  const MethodChoice& method = scenario.method;
  double copies = 0;
  if (method.error_feedback && method.leaves_residual()) ++copies;
  if (method.method->momentum.factor > 0) ++copies;
  return Bytes(copies * 4 * elements + result.payload_bytes + static_cast<double>(result.times->result_bytes));
}

}  // namespace simrun
