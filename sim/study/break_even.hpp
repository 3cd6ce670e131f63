#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/study/experiment.hpp"

namespace simrun {

/// The point that point number `point` is held against: the one that its speed-up is against (fastest_sgd). None for
/// points of that sgd entry, for payloads that are not encoded, and where one of the two has no times.
std::optional<std::size_t> break_even_with(const Study& study, const std::vector<PointResult>& results,
                                           std::size_t point);

/// The longest encoding, in seconds an iteration, with which a point is as fast as sgd, whose iteration is `sgd`: what
/// it encodes for now, and the time that it is faster by. 0 where sgd is faster even than an encoding that takes no
/// time. None where that is not so simple: groups overlap the backward pass, or exchanges of successive iterations
/// meet.
std::optional<Seconds> break_even(const Times& times, Seconds sgd);

/// The same by simulating: `simulated` gives the times with an encoding that takes that many times as long. Returns the
/// times with the longest that is still no slower than `sgd`, to 1e-8 of it (where the iteration jumps, to 1e-9 of the
/// factor); where sgd is faster than even a free encoding, those with that one. `times` have an encoding that takes
/// time.
Times search_break_even(const Times& times, Seconds sgd, const std::function<Times(double factor)>& simulated);

}  // namespace simrun
