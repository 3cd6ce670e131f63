#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/methods/method.hpp"
#include "sim/text/fields.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// What is to be reached, one of them; none: the shortest iteration.
struct PlanTarget {
  std::optional<double> efficiency;  ///< scaling efficiency, by more bandwidth
  std::optional<double> accuracy;    ///< of training, by its curves
  std::optional<double> loss;        ///< likewise
};

/// Those that are compared.
struct PlanMethods {
  std::vector<const MethodEntry*> names;  ///< empty: all that there are
  bool are_of_scenario = false;           ///< those of the scenario alone
};

/// Among what `simrun plan` looks for the best, as it stands in the file. Empty lists leave it to the command.
struct PlanText {
  PlanMethods methods;
  std::vector<double> density;
  std::optional<Json> collective;  ///< as in `sweep`
  std::vector<Json> grouping;
  std::vector<std::string> implementation;
  std::optional<Bytes> memory;  ///< of the device that a method may take
  PlanTarget target;
  std::string curves;  ///< a CSV of them, or a folder that training has written
};

Field<PlanText> plan_field();

/// Takes `plan` out of a scenario. Throws InputError.
PlanText take_plan(Json& scenario, const std::string& file);

}  // namespace simrun
