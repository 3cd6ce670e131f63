#pragma once

#include <string>
#include <vector>

#include "sim/text/json.hpp"

namespace simrun {

/// An override, `--set PATH=VALUE`.
struct Override {
  std::string path;
  std::string value;  ///< JSON, else text
};

/// What `--set PATH=VALUE` says, each. Throws InputError.
std::vector<Override> parse_overrides(const std::vector<std::string>& set);

/// What the file says, with overrides and what its `compute` names; what users should know of overrides is appended to
/// `notes`. Throws InputError.
Json read_scenario_json(const std::string& file, const std::vector<Override>& overrides,
                        std::vector<std::string>& notes);

}  // namespace simrun
