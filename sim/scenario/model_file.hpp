#pragma once

#include <string>

#include "sim/workload/model.hpp"

namespace simrun {

/// Reads a model from a file: a model's JSON, a `.safetensors` file or the index of several
/// (`.safetensors.index.json`), which lie beside it. Of safetensors files headers alone are read; parameters are the
/// tensors of floating-point numbers but for running means and variances, by name, as the files have no order. Throws
/// InputError.
Model read_model(const std::string& file);

/// True for a name that ends as a safetensors file's.
bool is_named_safetensors(const std::string& name);

}  // namespace simrun
