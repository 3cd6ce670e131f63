#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/scheduling/partition.hpp"
#include "sim/simulation/simulation.hpp"

namespace simrun {

/// What groups of any size take with one method on one cluster. Sizes from the smallest tensor to the whole model, each
/// 1.5 times the one before, are simulated, each as a model of one tensor that does not compute; between them times are
/// taken to be straight lines. So they are the simulation's own, from the same device times and the same collective.
class GroupCosts {
 public:
  /// For these points of a study, each as it stands. Uses at most `jobs` processes.
  static std::vector<GroupCosts> simulated(const Study& study, unsigned jobs);

  /// The same, not compressed.
  static std::vector<GroupCosts> simulated_dense(const Study& study, unsigned jobs);

  GroupTimes of(std::uint64_t elements) const;

 private:
  std::map<std::uint64_t, GroupTimes> known_;  ///< by elements
};

/// Simulates points without keeping their results. Throws std::runtime_error where one fails.
std::vector<Times> simulate_all(const Study& study, unsigned jobs, const char* what);

}  // namespace simrun
