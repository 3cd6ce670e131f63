#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/scheduling/group_costs.hpp"
#include "sim/scheduling/partition.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// One way to group the tensors of a point.
struct Candidate {
  std::size_t point;
  const char* name;
  Partition partition;
  std::size_t evaluations;
  std::vector<std::size_t> dense = {};  ///< numbers of the groups that are not compressed
  bool is_proved = true;                ///< that it is the best by the model of groups, where it is called optimal
  double predicted = 0;                 ///< iteration by the model of groups, s
  double iteration = 0;                 ///< simulated, s
};

/// What a point's groups take, compressed and not.
struct PointCosts {
  GroupCosts compressed;
  std::optional<GroupCosts> dense;  ///< where groups may stay so
};

/// Of every point. Simulates groups of many sizes on at most `jobs` processes.
std::vector<PointCosts> costs_of(const Study& study, unsigned jobs, bool with_dense);

/// All groupings of one point that are compared, those called optimal last: the best of at most so many groups.
std::vector<Candidate> candidates_of(std::size_t point, const Scenario& scenario, const PointCosts& costs,
                                     std::optional<std::size_t> most_groups);

/// What a search may end with: MergeComp's with one grouping; the search for the best with that and with what may be
/// faster where the model of groups is off.
std::vector<Candidate> searched_candidates(std::size_t point, const Scenario& scenario, const PointCosts& costs,
                                           const Grouping::Search& search);

/// Simulates an iteration of each.
void simulate(const Study& study, unsigned jobs, std::vector<Candidate>& candidates);

/// `schedule` as a scenario takes it, by which the tensors are grouped so.
Json schedule_of(const Study& study, const Candidate& candidate);

/// Its groups by the names of their tensors.
Grouping::Explicit groups_of(const Study& study, const Candidate& candidate);

/// Groups the tensors of the scenario so; also in what it says.
void group(Scenario& scenario, const Grouping::Explicit& groups);

/// Throws InputError for what the model of groups does not know.
void check_groups_can_be_searched(const Study& study);

}  // namespace simrun
