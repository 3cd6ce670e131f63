#pragma once

#include "sim/scenario/sweep.hpp"

namespace simrun {

/// The resolved scenario with the parts that were put aside.
Json whole(const Scenario& scenario);

/// The same for every point of the study. A part of more than 64 kB stands in the first point that has it; the others
/// refer to it, as JSON Reference has it: { "$ref": "#/resolved/0/model" }.
Json resolved_scenarios(const Study& study);

}  // namespace simrun
