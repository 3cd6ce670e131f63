#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "sim/devices/device_times.hpp"
#include "sim/methods/method.hpp"
#include "sim/simulation/device.hpp"
#include "sim/simulation/staging.hpp"
#include "sim/simulation/timed_aggregator.hpp"
#include "sim/workload/pace.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// What every worker does in an iteration.
struct IterationPlan {
  /// A group of tensors: the backward times of the tensors since the group before it was ready, then its exchange.
  struct Stage {
    std::vector<Seconds> backward;
    std::vector<Work> encode;                 ///< by round
    std::set<std::size_t> empty_rounds = {};  ///< in which nobody has anything to send: they do not take place
    Work decode;                           ///< of what the last round gives: entries and parts are those of the outcome
    bool is_dense = false;                 ///< not compressed, whatever the method
    std::size_t fragment = 0;              ///< that is exchanged by itself; those of the same follow each other
    std::optional<Payload> combined = {};  ///< what all payloads give together, where it is known beforehand
  };
  Seconds forward;
  Seconds update;
  Pace pace;
  DecodeTime decode = DecodeTime::after_backward;
  HostGroups hosts;
  bool metadata_apart = false;  ///< indices and scales of gathered payloads are gathered by themselves, after values
  double encode_factor = 1;     ///< all encoding takes that many times as long: what if it did?
  LocalSteps local = {};        ///< how rarely workers exchange
  Graph graph = {};             ///< of neighbours, where they exchange with these alone
  std::vector<Stage> stages;    ///< in the order in which they become ready
};

/// How long a worker was in the rounds of each part of its exchanges, waiting and combining included.
struct RoundTimes {
  Seconds reduce;
  Seconds exchange;
  Seconds share;
};

/// Seconds that a worker's device and host were busy in one iteration, and the bytes that its decoding took in. With
/// local steps an iteration is H of them, and the exchange of each fragment.
struct IterationRecord {
  Seconds finish;
  Seconds compute;
  Seconds encode;
  Seconds decode;
  Seconds staging;
  std::uint64_t result_bytes = 0;
  bool leads = false;  ///< in a round that one worker leads, or for its host; all others wait for such a one
  Transport::Traffic traffic;
  RoundTimes rounds;
  Seconds exchanging;  ///< with local steps: exchanges themselves, each from encoding to decoding, hidden or not
  std::vector<Span> spans;
  /// From a group's first message to its outcome, waiting included, in order of time; what else is exchanged meanwhile
  /// as well. `duration` leaves out how long a group of several rounds waited for its later encodings.
  std::vector<Span> exchanges;
  std::vector<std::size_t> fragment_ends;  ///< with local steps: how many of these there were after each fragment's
};

/// One rank's iterations: forward, backward tensor by tensor, encoding as each group is ready, exchanges in order
/// beside the rest of the backward pass, decoding as the plan has it, update. A later round's encoding begins when the
/// round before it has ended, between two pieces of the backward pass. What a host's GPUs share is shared while the
/// next group is encoded, or after all exchanges: as it is decoded.
///
/// With local steps: forward, backward and update of step after step. A fragment is encoded after the step that
/// LocalSteps has, and then exchanged, one after another; the step that comes `delay` later waits for it to be decoded.
/// What an exchange has the device do interrupts computing.
class Worker {
 public:
  using PayloadOf =
      std::function<const Payload&(int worker, std::size_t group, std::size_t round, std::size_t iteration)>;

  /// `dense_rounds`: of the stages that are not compressed.
  Worker(Transport& transport, const IterationPlan& plan, std::span<const Round> rounds,
         std::span<const Round> dense_rounds, DeviceTimes& times, const Staging& staging, PayloadOf payload);

  /// One iteration; begins at now(), but for steps that were computed while the last exchange of the one before was on.
  IterationRecord iterate();

 private:
  struct ToShare {
    std::size_t group;
    Seconds decoded;  ///< when it is
  };
  std::span<const Round> rounds_of(std::size_t group) const {
    return plan_.stages[group].is_dense ? dense_rounds_ : rounds_;
  }
  void exchange_gradient(IterationRecord& record);
  void exchange_fragments(IterationRecord& record);
  void submit_steps(std::int64_t last);
  Seconds compute_time(std::int64_t first, std::int64_t last) const;
  void exchange_fragment(std::size_t fragment, IterationRecord& record);
  bool leads(std::uint64_t iteration) const;
  bool is_shown() const;
  Seconds encode_time(std::size_t group, std::size_t round, std::uint64_t iteration);
  Span exchange_group(std::size_t group, IterationRecord& record);
  Outcome run_round(std::size_t group, std::size_t round, IterationRecord& record);
  Outcome exchange_round(std::size_t group, std::size_t round);
  Outcome gather_in_two(Transport& transport, const Round& round, const Payload& mine);
  void decode(const Decoding& decoding);
  Seconds wait_until(Seconds time);
  Seconds encode_between(std::size_t group, std::size_t round, IterationRecord& record);
  Seconds share_last(IterationRecord& record);
  void submit_decodings();
  void share_decoded(IterationRecord& record);
  bool is_flat() const { return plan_.hosts.hierarchy == Hierarchy::flat; }
  bool encodes() const { return plan_.hosts.encodes(transport_.rank()); }

  Transport& transport_;
  const IterationPlan& plan_;
  std::span<const Round> rounds_;
  std::span<const Round> dense_rounds_;
  DeviceTimes& times_;
  CombineMemo memo_;
  PayloadOf payload_;
  Device device_;
  Staging staging_;
  int payloads_at_once_ = 1;     ///< that this rank sends, one for each neighbour where it has some
  std::size_t last_encode_ = 0;  ///< the device's piece of work with which the backward pass and all encoding are done
  std::vector<Decoding> held_;   ///< what waits for that, on the host
  std::vector<Seconds> to_decode_;    ///< by group: what is to be shared, until all is encoded
  std::optional<ToShare> to_share_;   ///< what was decoded at once, until the next group is encoded
  std::vector<std::size_t> decoded_;  ///< by group: the piece of work that decodes what is to be shared
  std::uint64_t iteration_ = 0;
  std::int64_t steps_ = 0;               ///< local ones that the device was given
  std::int64_t encodings_ = 0;           ///< of fragments that it was given
  std::deque<std::size_t> to_exchange_;  ///< pieces of work that encode groups, until those are exchanged
};

/// A parameter server on a host of its own: combines the stages of an iteration on a device of its own, but for those
/// that are not compressed.
class Server {
 public:
  Server(Transport& transport, const IterationPlan& plan, std::span<const Round> rounds, DeviceTimes& times,
         const Staging& staging);

  /// Serves one iteration.
  void iterate();

  /// Bytes of the iteration that the workers completed last. The server may be about to complete it, or be in the next.
  Transport::Traffic traffic() const;

 private:
  Transport& transport_;
  const IterationPlan& plan_;
  std::span<const Round> rounds_;
  DeviceTimes& times_;
  CombineMemo memo_;
  Device device_;
  Staging staging_;
  Transport::Traffic begun_with_;
  Transport::Traffic complete_;
};

}  // namespace simrun
