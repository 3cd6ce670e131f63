#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "sim/network/network.hpp"
#include "sim/network/transport.hpp"

namespace simrun {

/// Whether Transport::repeat may skip steps that are known to be alike.
enum class Repeats { skipped, literal };

/// True if the time of `network` can begin anew: a process then simulates it any number of times. lv08 leaves time to
/// SimGrid, which counts on.
bool can_begin_anew(const Network& network);

/// A simulated cluster. SimGrid allows one platform in the life of a process: other clusters in it must be the same
/// network with as many ranks, which can begin anew.
class Cluster {
 public:
  Cluster(const Network& network, int workers, Repeats repeats = Repeats::skipped);
  ~Cluster();

  /// Runs `rank` as an actor on each of the workers' hosts, and `server`, if set, on a host of its own, in simulated
  /// time. Returns when all are done or one of them has called stop. Throws std::runtime_error where they wait for each
  /// other for ever; the process is of no use for another cluster then. Call it once.
  void run(const std::function<void(Transport&)>& rank, const std::function<void(Transport&)>& server = nullptr);

  /// Messages that were sent so far; those of steps that were skipped do not count.
  std::size_t messages() const;

  /// Ends the simulation; to be called by a rank, which ends last.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// SimGrid's version, "3.32".
std::string simgrid_version();

}  // namespace simrun
