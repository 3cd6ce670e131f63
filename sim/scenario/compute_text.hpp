#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

Field<Compute> compute_field();

/// Rules that need the model and the number of workers; `where` is the scenario's `compute`.
void check_compute(const Compute& compute, const Model& model, std::int64_t workers, const Where& where);

}  // namespace simrun
