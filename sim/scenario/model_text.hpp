#pragma once

#include "sim/text/fields.hpp"
#include "sim/workload/model.hpp"

namespace simrun {

/// A model in a file of its own or inside a scenario.
Field<Model> model_field();

/// Reads a model from a file. Throws InputError.
Model read_model(const std::string& file);

}  // namespace simrun
