#pragma once

#include "sim/fields.hpp"
#include "sim/model.hpp"

namespace simrun {

/// A model in a file of its own or inside a scenario.
Field<Model> model_field();

}  // namespace simrun
