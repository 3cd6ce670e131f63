#pragma once

#include <string>
#include <vector>

#include "sim/system/processor.hpp"

namespace simrun {

/// What `simrun plan` was asked for.
struct PlanArguments {
  std::string scenario;
  std::string out;  ///< results folder; empty: results/<scenario file's stem>-plan
  unsigned jobs = usable_cores();
  std::vector<std::string> set;  ///< PATH=VALUE
  std::string format = "table";
};

/// Finds the fastest way to train a scenario, and what would turn that; says so, and writes plan.csv and plan.json.
/// Returns the exit status: 1 where a point failed. Throws InputError and WriteError.
int plan(const PlanArguments& arguments);

}  // namespace simrun
