#pragma once

#include <deque>
#include <memory>
#include <simgrid/s4u.hpp>

#include "sim/ethernet_tcp.hpp"
#include "sim/transport.hpp"

namespace simrun {

/// A rank's end of its TCP connections under the network model ethernet-tcp: says when messages leave and when they are
/// here. SimGrid runs one actor at a time, so nothing is locked.
class TcpEndpoint {
 public:
  /// `link`: goodput of the host's link. `tcp` outlives this.
  TcpEndpoint(const EthernetTcp& tcp, BytesPerSecond link) : tcp_(tcp), link_(link) {}

  /// Sends from the actor that calls. Null if the message leaves in its turn, and is complete for its sender at once.
  simgrid::s4u::CommPtr send(simgrid::s4u::Mailbox& box, std::unique_ptr<Message> message, TcpEndpoint& to);

  /// When the message of `size` bytes that `comm` brought is taken in. Once a message, in the order of waiting.
  Seconds take_in(const simgrid::s4u::Comm& comm, Bytes size, const TcpEndpoint& from);

 private:
  /// A short message on its way out.
  struct Queued {
    simgrid::s4u::Mailbox* mailbox;
    std::unique_ptr<Message> message;
    TcpEndpoint* to;
  };

  simgrid::s4u::CommPtr put(simgrid::s4u::Mailbox& box, std::unique_ptr<Message> message, TcpEndpoint& to);
  Bytes shaped(Bytes size, TcpEndpoint& to);
  void send_queued();
  Seconds time_on_link(Bytes size) const { return Seconds(size.value / link_.value); }

  const EthernetTcp& tcp_;
  BytesPerSecond link_;
  Shaper up_;
  Shaper down_;

  simgrid::s4u::CommPtr last_send_;
  simgrid::s4u::CommPtr last_long_;  ///< the last send beyond the eager limit
  const TcpEndpoint* last_long_to_ = nullptr;

  std::deque<Queued> queue_;  ///< short messages, one after another
  bool sends_queued_ = false;
  Seconds short_until_;  ///< until when short messages keep the link busy

  const TcpEndpoint* last_from_ = nullptr;  ///< the sender of the message before
  Seconds last_end_;                        ///< when that was here
  Seconds free_at_;                         ///< when the host has taken in what arrived so far
};

}  // namespace simrun
