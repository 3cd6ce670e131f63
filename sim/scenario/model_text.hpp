#pragma once

#include "sim/text/fields.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// A model in a file of its own or inside a scenario.
Field<Model> model_field();

/// Names of their own, no tensor without elements, not more elements than can be simulated. `where` is the model's.
void check_tensors(const std::vector<Tensor>& tensors, const Where& where);

}  // namespace simrun
