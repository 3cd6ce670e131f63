#pragma once

#include "sim/payloads/payload_table.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/simulation/simulation.hpp"

namespace simrun {

/// What every worker of this scenario does in an iteration.
IterationPlan make_plan(const Scenario& scenario, const PayloadTable& payloads);

/// Everything that the simulation of a point needs. The scenario and the payloads outlive it.
Setup make_setup(const Scenario& scenario, const PayloadTable& payloads);

/// True if there is a host for a server. One that no group needs would wait for nothing, for ever.
bool needs_server(const Scenario& scenario);

/// Bytes that a worker encodes in a step, on average.
double bytes_of_step(const Scenario& scenario, const PayloadTable& payloads);

}  // namespace simrun
