#pragma once

#include "sim/text/fields.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// A model in a file of its own or inside a scenario.
Field<Model> model_field();

}  // namespace simrun
