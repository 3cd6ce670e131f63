#pragma once

#include "sim/payloads/payload_table.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// How long an iteration takes on the scenario's cluster if every worker sends these payloads: what simulating the
/// scenario gives, with these in place of those of its `gradients`. The first rank is the first to lead. Runs a
/// child process; throws ChildFailure.
Seconds simulate_round(const Scenario& scenario, const PayloadTable& payloads);

}  // namespace simrun
