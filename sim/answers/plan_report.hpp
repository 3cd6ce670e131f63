#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/answers/alternatives.hpp"
#include "sim/answers/standing.hpp"
#include "sim/answers/turns.hpp"

namespace simrun {

/// What `simrun plan` has found.
struct PlanFindings {
  const Study& study;
  PlanTarget target;
  std::string curves;               ///< their file; empty: iterations are compared
  std::vector<Standing> all = {};   ///< fastest first
  std::vector<Standing> best = {};  ///< of each method
  std::vector<Turn> turns = {};
  std::optional<Turn> least_bandwidth = {};  ///< for the target's efficiency
  std::vector<std::string> interval_leaves_out = {};
  std::vector<std::string> left_out = {};
  std::vector<std::string> unreached = {};  ///< alternatives whose curves are missing or do not reach the target
  std::size_t simulated = 0;                ///< points
  std::size_t taken_over = 0;
};

/// The answer, in two to four sentences.
std::vector<std::string> answer_of(const PlanFindings& plan);

/// The answer, the best of each method, and what would turn it. Lines have at most page_width characters where they
/// can.
std::string plan_text(const PlanFindings& plan);

std::string plan_csv(const PlanFindings& plan);
Json plan_json(const PlanFindings& plan);

}  // namespace simrun
