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
  // The parameters that all had alike, and the outer optimizer's momentum.
  if (method.local.is_local()) ++copies;
  if (method.local.outer && method.local.outer->momentum > 0) ++copies;
  const double sent = result.payload_bytes + static_cast<double>(result.times->result_bytes);
  const double steps_apart = static_cast<double>(method.local.steps) / static_cast<double>(method.local.fragments);
  return Bytes(copies * 4 * elements + sent * steps_apart);
}

}  // namespace simrun
