#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/devices/host.hpp"
#include "sim/network/network.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/simulation/interval.hpp"
#include "sim/simulation/message_log.hpp"
#include "sim/simulation/worker.hpp"

namespace simrun {

/// All that times depend on.
struct Setup {
  int workers = 1;
  Network network;
  std::optional<NetworkError> network_error;  ///< of communication times, where it is known
  bool server_host = false;                   ///< a host of its own for a parameter server
  Repeats repeats = Repeats::skipped;
  IterationPlan plan;
  std::vector<Round> rounds;
  std::vector<Round> dense_rounds;  ///< of groups that are not compressed
  const DeviceProfile* profile = nullptr;
  std::optional<Host> host;  ///< of every worker
  Worker::PayloadOf payload;
  std::size_t payload_steps = 1;  ///< iterations after which payloads are the same again
  bool keep_spans = false;
  MessageLog* log = nullptr;  ///< of all messages, if they are to be kept
};

/// True if one iteration takes longer than another because of what it does.
bool varies(const Setup& setup);

/// Iterations that did not settle: `Times::iteration` is their mean.
struct Unsettled {
  int iterations = 0;
  Seconds least;
  Seconds most;
};

/// What came out. With local steps an iteration is a step: all but the spans are means over H of them.
struct Times {
  Seconds iteration;
  Seconds compute;
  Seconds encode;
  Seconds communication;
  Seconds decode;
  Seconds staging;
  RoundTimes rounds;                ///< with a hierarchy those of a worker that encodes
  std::optional<Seconds> exchange;  ///< with local steps: of a fragment, itself, from encoding to decoding
  std::uint64_t result_bytes = 0;
  std::uint64_t sent_bytes = 0;              ///< the most of any host
  std::uint64_t received_bytes = 0;          ///< the most of any host
  UsedExtents used;                          ///< of the device profile
  Deviations deviations;                     ///< of iteration
  std::optional<Interval> interval;          ///< of iteration, which they make; where something is known of it
  std::optional<Seconds> pause;              ///< between exchanges, see pause_between_exchanges()
  std::optional<Unsettled> unsettled;        ///< where iterations may settle, but do not
  std::vector<std::vector<Span>> spans;      ///< by rank, if they were to be kept; communication fills the gaps
  std::vector<std::vector<Span>> exchanges;  ///< by rank, likewise: whole exchanges, hidden behind other work or not
};

/// How long the network has nothing to do between one iteration's exchange and the next one's: from the end of the one
/// on the last rank to the begin of the other on the first. Where that is not negative, exchanges know nothing of each
/// other, so that encoding which takes d longer makes the iteration d longer. None where an iteration has several
/// exchanges or rounds, with local steps, or where links let more through the longer they rested.
std::optional<Seconds> pause_between_exchanges(const Setup& setup, Seconds period,
                                               const std::vector<IterationRecord>& ranks);

/// Makes times of an iteration of H local steps means over these. `exchanging`: all exchanges in it. Nothing where an
/// iteration is a step.
void share_among_steps(Times& times, Seconds exchanging, const LocalSteps& local);

/// Runs workers until their period is known, on a cluster of this process (Cluster).
Times simulate(const Setup& setup);

}  // namespace simrun
