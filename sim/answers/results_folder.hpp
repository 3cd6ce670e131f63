#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/study/point_key.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// What a run has written, with the scenarios of its points.
struct ResultsFolder {
  Study study;
  std::vector<Json> rows;                ///< by point; null where it failed
  std::vector<ContentDigests> contents;  ///< by point, as they were; empty: not known
  bool is_measured = false;
  std::string version;  ///< of simrun
};

/// True for a folder; anything else is a scenario.
bool is_results_folder(const std::string& name);

/// Throws InputError where it is none that a run wrote.
ResultsFolder read_results_folder(const std::string& name);

}  // namespace simrun
