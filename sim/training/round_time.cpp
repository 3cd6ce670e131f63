#include "sim/training/round_time.hpp"

#include "sim/study/experiment.hpp"

namespace simrun {

Seconds simulate_round(const Scenario& scenario, const PayloadTable& payloads) {
  const auto codec = scenario.method.codec->make(scenario.method.options, nullptr);
  if (codec->sizes_need_contents()) return simulate_point(scenario, payloads).iteration;
  return simulate_point(scenario, payloads.sizes_of_first()).iteration;
}

}  // namespace simrun
