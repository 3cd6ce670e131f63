#pragma once

#include "sim/scenario/sweep.hpp"
#include "sim/training/dataset.hpp"

namespace simrun {

/// What only shows once machine and data are known. Each throws InputError.

/// Training on so many threads fits into this machine's memory.
void check_memory(const Study& study, unsigned threads);

/// A worker's batch is not larger than the data.
void check_batch(const Scenario& scenario, const Dataset& data);

/// There are as many rounds as steps from one exchange to the next at least.
void check_rounds(const Scenario& scenario);

/// A share of adversaries above 0 makes one worker an adversary at least: one that changes nothing is a mistake.
void check_adversaries(const Scenario& scenario);

}  // namespace simrun
