#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/simulation/critical_path.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// How much shorter an iteration is if something is 1 % better.
struct Elasticity {
  std::string what;    ///< "1 % more bandwidth"
  std::string name;    ///< "bandwidth"
  double shorter = 0;  ///< share of the iteration
};

/// What `simrun explain` has found of a point.
struct Explanation {
  const Point& point;
  std::size_t among = 1;  ///< points that were asked for, of which this is the fastest
  Times times;
  std::vector<PathPiece> path;
  std::string why_no_path = {};  ///< empty where there is one
  /// Of the last rank: all its exchanges together, without what is combined in them; with local steps a step's share of
  /// them from encoding to decoding.
  Seconds exchanging = {};
  std::vector<Elasticity> elasticities;
};

/// Pieces of the path that follow each other and are alike, as one.
struct PathStretch {
  PathPiece::Kind kind = PathPiece::Kind::other;
  Seconds time = {};
  std::size_t pieces = 0;
  std::vector<int> ranks = {};  ///< in the order in which the path came to them, each once
};
std::vector<PathStretch> stretches_of(const std::vector<PathPiece>& path);

/// The two or three sentences that follow.
std::vector<std::string> conclusions_of(const Explanation& all);

std::string explanation_text(const Explanation& all);
std::string explanation_csv(const Explanation& all);  ///< a line for each piece of the path
Json explanation_json(const Explanation& all);

}  // namespace simrun
