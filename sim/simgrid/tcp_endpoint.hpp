#pragma once

#include <algorithm>
#include <deque>
#include <memory>

#include "sim/network/ethernet_tcp.hpp"
#include "sim/simgrid/flows.hpp"
#include "sim/simgrid/short_messages.hpp"

namespace simrun {

/// A rank's end of its TCP connections under the network model ethernet-tcp: says when messages leave and when they are
/// here. SimGrid runs one actor at a time, so nothing is locked.
class TcpEndpoint {
 public:
  /// `link`: goodput of the host's link. `tcp` and `flows` outlive this.
  TcpEndpoint(const EthernetTcp& tcp, BytesPerSecond link, Flows& flows, ShortMessages& shorts)
      : tcp_(tcp), link_(link), flows_(flows), shorts_(shorts) {}

  /// Sends to the rank whose end is `to`. A short message may leave in its turn, and is complete for its sender at
  /// once.
  void send(const FlowPtr& flow, TcpEndpoint& to);

  /// True if the messages of `row` are short, and no others but streams wait to leave.
  bool may_stream(const Row& row) const {
    return row.most() <= std::min(tcp_.send_buffer, tcp_.eager_limit) && queue_.empty();
  }

  /// Sends the row of `rank`, which has messages and for which that holds, as a stream, which leaves in its turn.
  /// Returns how many messages.
  std::size_t stream(std::shared_ptr<AllToAll> all, int rank);

  /// A message that has arrived.
  struct Arrival {
    int from;
    Bytes size;
    Seconds left;
    Seconds end;
  };

  /// When the message is taken in, of which its receiver knew at `known`. Once a message, in the order of waiting.
  Seconds take_in(const Arrival& message, const TcpEndpoint& from, Seconds known);

 private:
  /// A short message on its way out.
  struct Queued {
    FlowPtr flow;
    TcpEndpoint* to;
  };

  /// A stream of this rank, from that offset on.
  struct Streaming {
    std::shared_ptr<AllToAll> all;
    int rank;
    int offset;
  };

  void put(const FlowPtr& flow, TcpEndpoint& to);
  void follow_streams(Seconds until);
  Bytes shaped(Bytes size, TcpEndpoint& to);
  void send_queued();
  Seconds time_on_link(Bytes size) const { return Seconds(size.value / link_.value); }

  const EthernetTcp& tcp_;
  BytesPerSecond link_;
  Flows& flows_;
  ShortMessages& shorts_;
  Shaper up_;
  Shaper down_;

  FlowPtr last_send_;              ///< null: of a stream
  Seconds last_send_end_;          ///< then
  std::deque<Streaming> streams_;  ///< of which not all have left by the last time that was asked for
  FlowPtr last_long_;              ///< the last send beyond the eager limit

  std::deque<Queued> queue_;  ///< short messages, one after another
  Seconds short_until_;       ///< until when short messages keep the link busy

  const TcpEndpoint* last_from_ = nullptr;  ///< the sender of the message before
  Seconds last_end_;                        ///< when that was here
  Seconds free_at_;                         ///< when the host has taken in what arrived so far
};

}  // namespace simrun
