#pragma once

#include <string>
#include <vector>

namespace simrun {

/// What `simrun explain` was asked for.
struct ExplainArguments {
  std::string results;           ///< a folder that a run wrote, or a scenario
  std::string point;             ///< its number in points.csv, from 1, or a part of its label; empty: the fastest
  std::vector<std::string> set;  ///< PATH=VALUE, of a scenario
  std::string format = "table";
};

/// Says what an iteration of a point consists of: who waits for what, what is hidden, and what would make it faster by
/// how much. Returns the exit status. Throws InputError.
int explain(const ExplainArguments& arguments);

}  // namespace simrun
