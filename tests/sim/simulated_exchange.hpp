#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "sim/collectives/collective.hpp"
#include "sim/network/network.hpp"
#include "sim/simgrid/cluster.hpp"

namespace simrun {

constexpr double a = 50e-6;  ///< latency, s
constexpr double B = 125e6;  ///< bandwidth, bytes/s

/// One switch, with these.
Network star();

Payload dense(std::uint64_t elements);

/// A payload of K pairs whose contents do not matter here.
Payload pairs(std::uint64_t elements, std::uint64_t entries);

/// A payload of one sign an element.
Payload signs(std::uint64_t elements);

/// Combining that takes no time: sizes stay.
class Hollow final : public Aggregator {
 public:
  Payload combine(std::span<const Payload> parts) const override { return parts.front(); }
};

struct Run {
  double first = 0;   ///< when the first rank is done
  double finish = 0;  ///< when the last rank is done
  double sent = 0;    ///< bytes of rank 0
  double messages = 0;
};

/// One exchange among `workers` by the collective of that name; rank r begins at r * stagger.
Run simulated(const Network& network, const char* name, const Payload& payload, int workers,
              Repeats repeats = Repeats::skipped, double stagger = 0, ServerPlace place = ServerPlace::own_host);

/// When each of so many ranks, which all run `program`, is done with it.
std::vector<double> ends(const Network& network, int ranks, const std::function<void(Transport&)>& program,
                         Repeats repeats = Repeats::literal);

Approx close_to(double value);

}  // namespace simrun
