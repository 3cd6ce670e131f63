#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/study/kept_points.hpp"
#include "sim/study/point_key.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// What an iteration consists of.
struct Parts {
  Seconds iteration;
  Seconds compute;
  Seconds encode;
  Seconds communication;
  Seconds decode;
  Seconds staging;
};

/// The points of a run, and what came out; none where a point failed.
struct ComparedRun {
  std::string name;
  std::string version;  ///< of simrun
  Study study;
  std::vector<std::optional<Parts>> parts;
  std::vector<ContentDigests> contents;  ///< by point; empty: not known
  bool is_measured = false;
};

/// A field of scenarios that differs, or the contents of what it names.
struct InputDifference {
  std::string path;
  bool is_contents = false;
  Json first;  ///< null where it is not there; of contents the beginning of a digest
  Json second;
  std::vector<std::size_t> pairs = {};  ///< numbers of those in which it differs so
  /// How much longer an iteration of the first would be with this of the second alone, as a share of it as it is
  /// simulated now; by pair, none where that is no scenario.
  std::map<std::size_t, double> alone = {};
};

/// Two points that answer each other.
struct ComparedPair {
  std::size_t first;  ///< number of the point
  std::size_t second;
};

struct Comparison {
  ComparedRun first;
  ComparedRun second;
  std::vector<ComparedPair> pairs;
  std::vector<std::string> only_first = {};  ///< names of points without a counterpart
  std::vector<std::string> only_second = {};
  std::vector<InputDifference> inputs;
};

/// Points are paired that have the same method, K, M and swept values; where no two have the same M, those that are
/// alike but for M.
Comparison compared(ComparedRun first, ComparedRun second);

/// Simulates points of the first run with one difference of the second alone. Nothing of measured runs, nor where that
/// would be many simulations.
void explain_by_inputs(Comparison& comparison, KeptPoints& kept);

/// How many points have no counterpart, with the first few names; empty where all have one.
std::string points_alone(const Comparison& comparison);

std::string comparison_text(const Comparison& comparison);
std::string comparison_csv(const Comparison& comparison);
Json comparison_json(const Comparison& comparison);

}  // namespace simrun
