#pragma once

#include <string>
#include <vector>

#include "sim/text/json.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// "network.latency": network, latency.
std::vector<std::string> keys_of(const std::string& path);

/// Sets the value at a dotted path; objects on the way are made if they are missing, items of lists are not. A path
/// that does not fit what is there is an error at `where`.
void set_at(Json& root, const std::string& path, const Json& value, const Where& where);

}  // namespace simrun
