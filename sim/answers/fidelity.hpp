#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/system/processor.hpp"

namespace simrun {

/// What `simrun fidelity` was asked for.
struct FidelityArguments {
  std::string scenario;
  std::vector<std::string> set;  ///< PATH=VALUE
  std::string format = "table";
  unsigned jobs = usable_cores();
};

/// How much of a gradient x a method's payloads hold, alone and in the first step.
struct Fidelity {
  double bits = 0;  ///< of all that is sent of x, headers included, an element
  double lost = 0;  ///< ||x - s C(x)||^2 / ||x||^2 for what is decoded, C(x), with the factor s that makes it least

  /// Bits an element that any code needs whose worst loss is as large: log2(1 / lost) / 2. (Safaryan, Shulgin and
  /// Richtarik, Information and Inference 2022.) None where nothing is lost. Gradients are not the worst input, so that
  /// some codes do with less.
  std::optional<double> least_bits() const;
};

/// Of the first worker's gradient, encoded as one of M and decoded by the rounds of the scenario's method, with nothing
/// of other workers in it. Throws InputError: gradients that cannot be read or do not fit in memory.
Fidelity fidelity_of(const Scenario& scenario, unsigned threads);

/// Says of each method and K of a scenario how many bits an element takes and how much of a gradient is lost. Returns
/// the exit status. Throws InputError.
int fidelity(const FidelityArguments& arguments);

}  // namespace simrun
