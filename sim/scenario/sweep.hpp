#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/scenario/overrides.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// One row of the results: a scenario with one method, and the values that the sweep gave it.
struct Point {
  Scenario scenario;
  std::size_t method = 0;                                ///< its number in `methods`
  std::vector<std::pair<std::string, JsonValue>> swept;  ///< by key of `sweep`; only those that apply to this method
  /// The points of the first sgd entry with otherwise equal values: one, or one for each collective and grouping that
  /// the sweep runs it with. Speed-ups are against the fastest of them.
  std::vector<std::size_t> sgd;
  std::string label;  ///< names it among the methods of the study, see label_points
};

/// A file of scenarios, expanded.
struct Study {
  std::string file;
  JsonValue json;                                         ///< as in the file, with overrides
  std::vector<std::pair<std::string, std::size_t>> keys;  ///< of `sweep`, with their numbers of values
  std::vector<Point> points;                              ///< in the order of the rows
  bool gives_groupings = false;                           ///< an entry of `methods`, or `sweep`, gives a grouping
  std::vector<std::string> notes;
};

/// Reads a scenario file, applies overrides, and expands its sweep: all combinations, the first key slowest, then
/// methods in file order. A key applies to every method that accepts it (`density` not to an entry that gives `k`;
/// `local_steps` and its like, `collective` and `grouping` not to one that gives its own); a method is left out where a
/// collective does not fit it but another of the list does, and, with a note, where a hierarchy does not but another
/// may. Equal points appear once. Throws InputError, also where all of a method's points would be left out.
Study read_study(const std::string& file, const std::vector<Override>& overrides);

/// Expands a scenario that `file` stands for, as read_study does.
Study expand(const std::string& file, Json scenario);

/// The study with these of its points alone, in the same order. `points`: ascending.
Study with_points(const Study& study, const std::vector<std::size_t>& points);

/// Throws InputError where groups are still to be searched for; `command` cannot do that.
void refuse_searches(const Study& study, const char* command);

}  // namespace simrun
