#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/system/processor.hpp"

namespace simrun {

/// What `simrun SCENARIO.json` was asked for.
struct RunArguments {
  std::string scenario;
  std::string out;  ///< results folder; empty: results/<scenario file's stem>
  unsigned jobs = usable_cores();
  std::vector<std::string> set;  ///< PATH=VALUE
  std::string format = "table";
  std::optional<std::string> shard;  ///< I/N
  bool fresh = false;
  bool dry_run = false;
  bool trace = false;
  bool break_even = false;
};

/// Runs a scenario's points, or a shard of them, and writes the report if all are there. Returns the exit status: 1
/// where a point failed. Throws InputError and WriteError.
int run_scenario(const RunArguments& arguments);

}  // namespace simrun
