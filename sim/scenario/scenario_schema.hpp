#pragma once

#include "sim/text/json.hpp"

namespace simrun {

/// The JSON Schema (draft 7, which editors know best) of a scenario, made of the fields that read it and of the tables
/// of methods and collectives. Rules between fields are mostly the reader's alone. In one place the schema is stricter:
/// a required field must stand in the file even if a sweep gives it.
Json scenario_schema();

}  // namespace simrun
