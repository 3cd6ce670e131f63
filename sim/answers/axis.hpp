#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// A quantity of the cluster that may be another one.
struct ClusterAxis {
  std::string name;                ///< "bandwidth"
  std::string path;                ///< "network.bandwidth"
  double now = 0;                  ///< in bit/s, seconds or a number: of workers, or times what a platform file has
  std::vector<double> below = {};  ///< values to look at, away from `now`
  std::vector<double> above = {};
  int step = 0;  ///< of whole numbers, of which it takes multiples; 0: it takes any number
  std::function<Json(double)> json;
  std::function<std::string(double)> shown;
};

/// Three decades of bandwidth each way, in four steps: of hosts' links, or of all links of a platform file, as a
/// factor.
ClusterAxis bandwidth_axis(const Scenario& scenario);

/// The same of latency.
ClusterAxis latency_axis(const Scenario& scenario);

/// Workers: halves down to 2, and twice and four times as many; on hosts of several GPUs full hosts, down to one.
ClusterAxis workers_axis(const Scenario& scenario);

/// Where something that does not hold at first begins to hold, and for whom.
struct Onset {
  double value = 0;
  std::vector<std::size_t> who;
};

/// For which of `among` it holds at a value.
using Holds = std::function<std::vector<std::size_t>(double value, const std::vector<std::size_t>& among)>;

/// The first of `values`, which follow `from`, at which it holds for any, narrowed down to 1 %, or to the whole number;
/// none where it holds at none of them.
std::optional<Onset> find_onset(const ClusterAxis& axis, double from, const std::vector<double>& values,
                                const std::vector<std::size_t>& all, const Holds& holds);

}  // namespace simrun
