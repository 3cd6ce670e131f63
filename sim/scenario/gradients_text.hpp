#pragma once

#include <variant>

#include "sim/scenario/scenario.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// Which gradients are encoded, and as what the backward pass leaves them.
struct GradientsChoice {
  std::variant<SyntheticGradients, GradientFiles> source;
  Precision precision = Precision::fp32;
  std::optional<std::uint64_t> sample;
};

Field<GradientsChoice> gradients_field();

}  // namespace simrun
