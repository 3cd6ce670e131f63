#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// Finds the gradients that scenarios name, and looks at each set of files once.
class GradientFinder {
 public:
  /// Makes paths of names and patterns, beside the scenario, or finds the files of a folder, and checks that there are
  /// gradients of one worker or of all. `where` is the scenario's `gradients`. Returns what users should know, one line
  /// each. Throws InputError.
  std::vector<std::string> find(GradientFiles& gradients, int workers, const Model& model, const Where& where);

 private:
  struct Known {
    std::size_t gradients = 0;
    std::string common;  ///< what all workers have alike; empty where gradients differ
    std::vector<std::string> zeros;
  };
  const Known& look_at(const std::vector<std::string>& files, const Model& model, const Where& where);

  std::map<std::vector<std::string>, std::vector<std::string>> paths_;  ///< by names and patterns
  std::map<std::string, Known> known_;                                  ///< by model and paths
};

}  // namespace simrun
