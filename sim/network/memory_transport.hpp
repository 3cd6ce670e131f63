#pragma once

#include <functional>

#include "sim/network/transport.hpp"

namespace simrun {

/// Runs `rank` once for each of `workers` ranks (and one more, number `workers`, if `server` is set), each in a thread
/// of its own, over a network that is a set of queues in memory. Time stands still: now() is 0, waiting takes no time.
/// The first exception of a rank is thrown again; the other ranks' waits then fail.
void run_in_memory(int workers, const std::function<void(Transport&)>& rank,
                   const std::function<void(Transport&)>& server = nullptr);

}  // namespace simrun
