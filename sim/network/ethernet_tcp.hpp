#pragma once

#include <limits>
#include <span>

#include "sim/text/units.hpp"

namespace simrun {

constexpr Bytes usual_mtu{1500};

/// Share of a link's rate left for the payload of full frames: headers of IP (20 bytes) and TCP with timestamps (32)
/// are part of the MTU; Ethernet adds header and checksum (18), preamble and gap (20).
constexpr double frame_goodput(Bytes mtu) {
  return (mtu.value - 52) / (mtu.value + 38);
}

/// Share by which a full frame's time on a link is longer where acknowledgements of as much traffic the other way share
/// it: one for two segments, each 52 bytes of headers in a frame of 90 on the wire.
constexpr double frame_acknowledgements(Bytes mtu) {
  return 90.0 / 2 / (mtu.value + 38);
}

/// What messages cost over TCP on switched Ethernet beside latency and bandwidth: the network model `ethernet-tcp`. As
/// they stand here, the constants are those of full frames of 1500 bytes and of Open MPI. docs/network.md says where
/// each comes from, and what of them is assumed to hold at other link rates.
struct EthernetTcp {
  double goodput = frame_goodput(usual_mtu);

  /// Share by which a message takes longer at a rank that sends at the same time.
  double acknowledgements = frame_acknowledgements(usual_mtu);

  /// Software of both ends, a message. A host takes in one message at a time.
  Seconds message{50e-6};

  /// Messages up to this size are complete for their sender at once, and leave one after another.
  Bytes send_buffer{65536};

  /// Longer messages wait for their receiver (rendezvous).
  Bytes eager_limit{65536};

  /// Its word waits behind what its host is sending to others: behind this share of what the message has beyond the
  /// eager limit, at most `queue`.
  double queued_share = 0;
  Bytes queue{std::numeric_limits<double>::infinity()};

  /// Share by which a message takes longer if it follows one from another sender, at a rank that sends at the same
  /// time: ranks drift apart, and two senders meet at one receiver's port.
  double handover = 0;

  /// Software that spreads a message over several connections waits for the slowest: share by which what a message has
  /// beyond `striped_beyond` takes longer at a rank that sends at the same time. In proportion less on faster links,
  /// and nothing where the goodput of a link is `striped_until` or more.
  double striped_share = 0;
  Bytes striped_beyond{262144};
  BytesPerSecond striped_until{5.4e9 / 8};

  /// What a shaped link lets through at once after a pause. A wire has no such thing.
  Bytes burst{0};

  /// How long a message of `size` bytes waits for the word of a receiver that is sending more than the eager limit to
  /// another host. `link`: goodput of the receiver's link.
  Seconds rendezvous(Bytes size, BytesPerSecond link) const;

  /// How much longer a message of `size` bytes takes at a rank that sends at the same time.
  Seconds both_ways(Bytes size, BytesPerSecond link) const;

  friend bool operator==(const EthernetTcp&, const EthernetTcp&) = default;
};

/// What sends the messages.
struct TcpSoftware {
  const char* name;
  const char* summary;
  EthernetTcp constants;  ///< at the usual MTU
};

/// The first is the default.
std::span<const TcpSoftware> tcp_softwares();

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
