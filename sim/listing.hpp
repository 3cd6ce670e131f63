#pragma once

#include <string>

namespace simrun {

/// What users can name in a scenario, one line each: `kind` is methods, codecs, collectives, models, devices, networks
/// or all.
std::string listing(const std::string& kind);

}  // namespace simrun
