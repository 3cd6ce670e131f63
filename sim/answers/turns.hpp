#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/answers/axis.hpp"
#include "sim/answers/standing.hpp"
#include "sim/answers/variants.hpp"
#include "sim/study/kept_points.hpp"

namespace simrun {

/// Where the fastest alternative would no longer be the fastest, or why nothing turns it.
struct Turn {
  std::string axis;      ///< "bandwidth"
  std::string now = {};  ///< "1.00 Gbps"
  bool above = false;    ///< beyond the value that is now, else below
  std::optional<double> value = {};
  std::string shown = {};                  ///< the value
  std::optional<std::size_t> by = {};      ///< number of the alternative that is as fast there
  std::vector<std::string> left_out = {};  ///< methods that were not looked at at some value
  std::string reason = {};                 ///< where there is no value
};

/// Looks for turns among alternatives: the fastest first, then rivals. All of one cluster. Elsewhere the fastest may go
/// another of its ways; rivals keep theirs.
class TurnSearch {
 public:
  /// Everything outlives this. `standings` are best_of_methods(); `ways` ways_of_fastest().
  TurnSearch(const std::vector<Point>& points, const std::vector<Standing>& standings,
             const std::vector<Standing>& ways, KeptPoints& kept);

  /// Below and above what each axis is now.
  std::vector<Turn> turns();

  /// How long the encoding of the fastest may take, and of the runner-up must: break-evens.
  std::vector<Turn> turns_of_encoding();

  /// The least value of bandwidth at which any of the alternatives has so much scaling efficiency.
  Turn least_bandwidth(double efficiency);

 private:
  /// How alternatives do with another value of an axis; by number, which are those of standings.
  using AtValue = std::map<std::size_t, Standing>;

  std::vector<ClusterAxis> axes() const;
  std::span<const Standing> ways_of(std::size_t number) const;
  void simulate_ahead(const std::vector<ClusterAxis>& axes, const std::vector<std::size_t>& which);
  void note_fastest(const std::vector<ClusterAxis>& axes);
  bool is_slower(const ClusterAxis& axis, double value, std::size_t which) const;
  std::optional<Point> varied(const ClusterAxis& axis, double value, const Standing& way, bool is_fastest);
  void leave_out(const Standing& way, bool is_fastest);
  AtValue at(const ClusterAxis& axis, double value, const std::vector<std::size_t>& which);
  Turn one_way(const ClusterAxis& axis, bool above);

  const std::vector<Point>& points_;
  const std::vector<Standing>& standings_;
  const std::vector<Standing>& ways_;
  KeptPoints& kept_;
  Variants variants_;
  std::map<std::pair<std::string, double>, Seconds> fastest_;  ///< what the fastest takes, by path and value of an axis
  std::set<std::string> left_out_;  ///< methods that take long, do not fit or fail at some value of the axis
};

}  // namespace simrun
