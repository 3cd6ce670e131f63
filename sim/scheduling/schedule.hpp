#pragma once

#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/system/processor.hpp"

namespace simrun {

/// What `simrun schedule SCENARIO.json` was asked for.
struct ScheduleArguments {
  std::string scenario;
  std::string out;               ///< folder for the groupings; empty: results/<scenario file's stem>-schedule
  std::vector<std::string> set;  ///< PATH=VALUE
  std::string format = "table";
  unsigned jobs = usable_cores();
  unsigned max_groups = 0;  ///< of the best grouping; 0: any number
};

/// The study with groups wherever a scenario asks for a search (schedule.grouping). Simulates what that takes. Throws
/// InputError for methods and scenarios whose groups cannot be searched for.
Study with_searched_groups(const Study& study, unsigned jobs);

/// Compares groupings of every point of a scenario, and writes the best one of each as a scenario takes it. Returns the
/// exit status. Throws InputError and WriteError.
int schedule(const ScheduleArguments& arguments);

}  // namespace simrun
