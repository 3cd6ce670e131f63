#pragma once

#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/scenario/scenario.hpp"
#include "sim/simgrid/platform_file.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// Looks at the platform files of scenarios, at each once for the same hosts.
class PlatformReader {
 public:
  using Note = std::function<void(const std::string& line)>;

  /// The hosts that are used: enough of them, and all joined; and links that the scenario's factors leave possible.
  /// Fails at `network`'s fields. `note` takes what users should know of the file.
  void check(const PlatformFile& file, const Scenario& scenario, const Where& network, const Note& note);

 private:
  std::map<std::tuple<std::string, std::vector<std::string>, int>, PlatformContents> known_;
};

}  // namespace simrun
