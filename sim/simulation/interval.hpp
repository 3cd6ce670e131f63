#pragma once

#include <optional>
#include <span>
#include <vector>

#include "sim/devices/band.hpp"
#include "sim/simulation/worker.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// What 5 % of an iteration's times lie below, and what 5 % lie above.
struct Interval {
  Seconds low;
  Seconds high;
};

/// By how much an iteration may be shorter or longer for one reason: to its 5 % and 95 % quantiles.
struct Deviation {
  Seconds shorter;
  Seconds longer;
};

/// How far communication times that a network model predicts are off.
struct NetworkError {
  Band band;
  double own =
      1;  ///< what share of that, as a standard deviation, each way of exchanging has for itself; see Deviations
};

/// All reasons that are known.
struct Deviations {
  Deviation device;        ///< times of its operations; devices are taken to be off all to the same side
  Deviation network;       ///< its model
  double own_network = 1;  ///< share of the network's that two ways of exchanging on one network do not have in common
  Deviation jitter;        ///< from one iteration to another
  bool is_known = false;   ///< also where nothing of what is known deviates
};

/// What a part of an iteration contributes whose time is known to a band.
Deviation deviation(Seconds part, const Band& band);

/// `time`, where reasons that are independent of each other make it shorter or longer: their deviations are added in
/// quadrature, as quantiles of normal distributions would be. None where nothing deviates, unless that is known.
std::optional<Interval> interval_around(Seconds time, const Deviations& deviations);

/// By how much `a` is longer than `b`, two iterations on the same device and network. What is common to both is taken
/// out: the device is off by one factor, which is the same for both, so that only the difference of their parts
/// deviates. So is the network model, but for its own share, which each has for itself, as it has its jitter.
Interval difference(Seconds a, const Deviations& of_a, Seconds b, const Deviations& of_b);

/// An exchange without the work that it holds up for, of all that its worker did.
Seconds on_the_network(const Span& exchange, const std::vector<Span>& work);

/// How long an iteration (not empty, by rank) waits for the network, hidden behind other work or not: by so much it
/// would be longer, to first order, if the network took twice as long. That is the run of exchanges, each of which
/// begins as the one before ends, up to the last, without what is combined, decoded and staged in them; and of the rank
/// for which it is least, because others also wait for that rank.
Seconds network_time(std::span<const IterationRecord> records);

/// The band without factors that make exchanges shorter than `wire`, what the busiest link takes for their bytes.
Band possible(const Band& band, std::span<const IterationRecord> records, Seconds wire);

/// With local steps: how long each fragment's exchange is on the network, of the rank for which all are least.
std::vector<Seconds> network_times_of_fragments(std::span<const IterationRecord> records);

}  // namespace simrun
