#pragma once

#include "sim/simulation/simulation.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// Times without spans as JSON, and back: the same numbers to the last bit.
Json times_json(const Times& times);

/// Throws Json::exception where `json` is not what times_json makes.
Times read_times(const Json& json);

}  // namespace simrun
