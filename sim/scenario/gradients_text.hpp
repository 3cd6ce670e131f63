#pragma once

#include <variant>

#include "sim/scenario/scenario.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

Field<std::variant<SyntheticGradients, NpyFiles>> gradients_field();

}  // namespace simrun
