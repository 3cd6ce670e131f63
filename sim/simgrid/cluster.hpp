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

/// A simulated cluster. SimGrid allows one in the life of a process.
class Cluster {
 public:
  Cluster(const Network& network, int workers, Repeats repeats = Repeats::skipped);
  ~Cluster();

  /// Runs `rank` as an actor on each of the workers' hosts, and `server`, if set, on a host of its own, in simulated
  /// time. Returns when all are done or one of them has called stop. Throws std::runtime_error where they wait for each
  /// other for ever.
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
