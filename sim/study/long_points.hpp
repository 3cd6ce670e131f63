#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"

namespace simrun {

/// How long a point may take to simulate, roughly, on one core. Exchanges between all pairs of workers, whose M^2
/// messages are on their way at once, rings whose steps are not alike, and hosts of several GPUs take the longest.
Seconds time_to_simulate(const Scenario& scenario);

/// As people say it: "12 s", "3 minutes".
std::string about(Seconds time);

/// The same where each message is followed by itself.
Seconds time_to_follow(const Scenario& scenario);

/// What users should know beforehand of those of the study's `points` that may take longer than 10 s each; none if
/// there are none.
std::optional<std::string> warn_of_long_points(const Study& study, const std::vector<std::size_t>& points);

}  // namespace simrun
