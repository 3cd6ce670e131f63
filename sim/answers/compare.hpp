#pragma once

#include <string>
#include <vector>

#include "sim/system/processor.hpp"

namespace simrun {

/// What `simrun compare` was asked for.
struct CompareArguments {
  std::string first;  ///< a results folder or a scenario
  std::string second;
  std::vector<std::string> set;  ///< PATH=VALUE, of the second, a scenario
  unsigned jobs = usable_cores();
  std::string format = "table";
};

/// Says what differs in what went into two runs, and in what came out of them, and what explains that. Returns the exit
/// status. Throws InputError.
int compare(const CompareArguments& arguments);

}  // namespace simrun
