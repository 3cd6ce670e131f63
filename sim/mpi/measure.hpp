#pragma once

#include <string>
#include <vector>

#include "sim/text/error.hpp"

namespace simrun {

/// What `mpirun -np RANKS simrun measure SCENARIO.json` was asked for.
struct MeasureArguments {
  std::string scenario;
  std::string out;               ///< results folder; empty: results/<scenario file's stem>-measured
  std::vector<std::string> set;  ///< PATH=VALUE
  int iterations = 20;
  int warmup = 3;  ///< iterations before those that count, at least 1: in the first one payloads are combined
};

/// Runs a scenario's points on the ranks that mpirun started; rank 0 writes the report. Returns the exit status: 2
/// where rank 0 printed what is wrong with the input. Throws InputError if mpirun did not start this or simrun was
/// built without MPI.
int measure(const MeasureArguments& arguments);

/// What measure() does about a mistake on the command line, which every rank has.
int refuse_to_measure(const InputError& error);

}  // namespace simrun
