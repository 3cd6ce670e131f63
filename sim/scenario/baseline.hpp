#pragma once

#include <optional>
#include <string>

#include "sim/scenario/sweep.hpp"

namespace simrun {

/// What users should know of the sgd that compression is held against: that nowhere it overlaps the backward pass, as
/// frameworks have it. None if it does somewhere, if there is neither sgd nor compression, and of models that one
/// bucket would hold.
std::optional<std::string> note_of_baseline(const Study& study);

}  // namespace simrun
