#pragma once

#include "sim/study/experiment.hpp"

namespace simrun {

/// Memory of a worker's device that a method takes beside what training without compression does (parameters,
/// gradients, the optimiser's state, activations): a residual of 4 N bytes where error feedback keeps one, 4 N of
/// momentum that is the method's own, what the worker encodes, and what it decodes, all that arrives included. Where
/// fp32 gradients are sent as they are, neither counts: the sum takes their place. Work space of kernels is not
/// counted. N: elements of what the worker encodes. `result` has times.
Bytes method_memory(const Scenario& scenario, const PointResult& result);

}  // namespace simrun
