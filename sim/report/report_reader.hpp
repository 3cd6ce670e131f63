#pragma once

#include <string>

#include "sim/text/json.hpp"

namespace simrun {

/// What the run that wrote the folder `results` reported: its report.json, with every key and column that a reader may
/// rely on, of the right kind. Throws InputError: no such folder, no report.json in it, one that simrun did not write.
Json read_report(const std::string& results);

}  // namespace simrun
