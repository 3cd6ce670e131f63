#pragma once

#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/study/group_store.hpp"
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

/// A study without searches, and the groups that were found for the points that asked for one.
struct SearchedStudy {
  Study study;
  FoundGroups found;
};

/// The study with groups wherever a scenario asks for a search (schedule.grouping). Simulates what that takes, but for
/// groups that `folder` has of an earlier search (GroupStore); empty: none. Throws InputError for methods and scenarios
/// whose groups cannot be searched for.
SearchedStudy with_searched_groups(const Study& study, unsigned jobs, const std::string& folder);

/// Compares groupings of every point of a scenario, and writes the best one of each as a scenario takes it. Returns the
/// exit status. Throws InputError and WriteError.
int schedule(const ScheduleArguments& arguments);

}  // namespace simrun
