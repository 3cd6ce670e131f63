#pragma once

#include <string>
#include <vector>

#include "sim/system/processor.hpp"

namespace simrun {

/// What `simrun train SCENARIO.json` was asked for.
struct TrainArguments {
  std::string scenario;
  std::string out;  ///< results folder; empty: results/<scenario file's stem>-trained
  unsigned threads = usable_cores();
  std::vector<std::string> set;  ///< PATH=VALUE
  std::string format = "table";
  bool fresh = false;
  bool dry_run = false;
};

/// Trains the model of every point with every seed; writes curves.csv, summary.csv and training.json. Runs that the
/// folder has are taken over, one that was interrupted goes on. Returns the exit status: 1 where a run failed, 128 and
/// the signal's number where one ended it. Throws InputError and WriteError.
int train(const TrainArguments& arguments);

}  // namespace simrun
