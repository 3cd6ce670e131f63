#include "sim/study/method_memory.hpp"

#include <algorithm>

namespace simrun {

Bytes method_memory(const Scenario& scenario, const PointResult& result) {
  const MethodChoice& method = scenario.method;
  double elements = 0;
  double in_place = 0;  // elements whose gradient is itself what is sent, and what the result takes the place of
  for (const Group& group : encoded_groups(scenario)) {
    const auto of_group = static_cast<double>(group.elements);
    if (!group.is_dense) elements += of_group;
    if (group.is_dense || method.sends_gradients()) in_place += of_group;
  }
  double copies = 0;
  if (method.error_feedback && method.leaves_residual()) ++copies;
  if (method.method->momentum.factor > 0) ++copies;
  // The parameters that all had alike, and the outer optimizer's momentum.
  if (method.local.is_local() && !method.local.with_neighbours) ++copies;
  if (method.local.outer && method.local.outer->momentum > 0) ++copies;
  const double steps_apart = static_cast<double>(method.local.steps) / static_cast<double>(method.local.fragments);
  // What was sent, until it arrives.
  if (method.local.keeps_steps && method.local.delay > 0) ++copies;
  const double payload_bytes = result.payload_bytes * method.busiest_over_mean(scenario.workers);
  double sent = (payload_bytes + static_cast<double>(result.times->result_bytes)) * steps_apart;
  if (method.local.with_neighbours) sent += payload_bytes;  // what both ends of each edge know
  if (method.local.full_every > 0)
    sent = std::max(sent, 2 * 4 * elements / static_cast<double>(method.local.fragments));
  return Bytes(copies * 4 * elements + std::max(0.0, sent - 2 * 4 * in_place));
}

}  // namespace simrun
