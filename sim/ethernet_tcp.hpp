#pragma once

#include "sim/units.hpp"

namespace simrun {

/// What messages cost over TCP on switched Ethernet beside latency and bandwidth: the network model `ethernet-tcp`. Its
/// constants were fitted to what Open MPI 4.1 on Linux does (tests/real_network); docs/network.md says where each comes
/// from, and what of them is assumed to hold at other link rates.
struct EthernetTcp {
  /// Share of a link's rate left for payload: of 1538 bytes of a full frame on the wire, headers, preamble and gap
  /// leave 1448.
  double goodput = 1448.0 / 1538;

  /// Share by which a message takes longer at a rank that sends at the same time: acknowledgements go the same way,
  /// and a step waits for the slowest rank.
  double acknowledgements = 0.08;

  /// Software of both ends, a message. A host takes in one message at a time.
  Seconds message{50e-6};

  /// Messages up to this size are complete for their sender at once, and leave one after another.
  Bytes send_buffer{50e3};

  /// Longer messages wait for the receiver's word (rendezvous).
  Bytes eager_limit{65536};

  /// That word waits behind what its host is sending to others: behind this share of what the message has beyond the
  /// eager limit, at most `queue`.
  double queued_share = 0.25;
  Bytes queue{150e3};

  /// Share by which a message takes longer if it follows one from another sender, at a rank that sends at the same
  /// time: ranks drift apart, and two senders meet at one receiver's port.
  double handover = 0.5;

  /// What a shaped link lets through at once after a pause. A wire has no such thing.
  Bytes burst{0};

  /// How long a message of `size` bytes waits for the word of a receiver that is sending more than the eager limit to
  /// another host. `link`: goodput of the receiver's link.
  Seconds rendezvous(Bytes size, BytesPerSecond link) const;
};

/// A link that lets some bytes through at once after a pause (a token bucket). The bucket is empty at time 0, so that
/// whatever a link carries from then on is at most its rate.
class Shaper {
 public:
  /// What of `burst` is left at `now`.
  Bytes left(Seconds now, Bytes burst, BytesPerSecond rate) const;

  /// A message of `size` begins.
  void take(Seconds now, Bytes size, Bytes burst, BytesPerSecond rate);

 private:
  Seconds free_;  ///< when it would have sent all so far, one after the other
};

}  // namespace simrun
