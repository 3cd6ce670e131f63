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

/// What `simrun merge SCENARIO.json RESULTS...` was asked for.
struct MergeArguments {
  std::string scenario;
  std::vector<std::string> results;  ///< folders that runs wrote
  std::string out;                   ///< results folder; empty: results/<scenario file's stem>
  std::vector<std::string> set;      ///< PATH=VALUE
  std::string format = "table";
};

/// Takes the points that results folders have into `out`, and writes the report if all are there; runs none. What was
/// killed goes on when it is done again. Returns the exit status: 1 where points are missing. Throws InputError and
/// WriteError.
int merge(const MergeArguments& arguments);

}  // namespace simrun
