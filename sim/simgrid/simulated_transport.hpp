#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <simgrid/s4u.hpp>
#include <unordered_map>
#include <vector>

#include "sim/simgrid/cluster.hpp"
#include "sim/simgrid/repeats.hpp"
#include "sim/transport.hpp"

namespace simrun {

/// What the network model ethernet-tcp knows of a rank's host.
struct TcpHost {
  BytesPerSecond link;  ///< its goodput
  Shaper up;
  Shaper down;
};

/// Short messages on their way out of a host, one after another.
struct SendQueue {
  struct Entry {
    simgrid::s4u::Mailbox* mailbox;
    std::unique_ptr<Message> message;
    int to;
  };
  std::deque<Entry> entries;
  bool sends = false;
};

/// What the ranks of one simulation share. SimGrid runs one actor at a time, so nothing is locked.
struct SharedState {
  int workers = 0;
  Repeats repeats = Repeats::skipped;
  std::vector<simgrid::s4u::ActorPtr> actors;  ///< by rank
  std::unordered_map<std::uint64_t, simgrid::s4u::Mailbox*> mailboxes;
  std::deque<std::unique_ptr<Repeat>> repeat_calls;
  std::size_t first_repeat_call = 0;  ///< number of repeat_calls.front() among all calls so far

  std::optional<EthernetTcp> tcp;  ///< the network model, if it is that
  std::vector<TcpHost> tcp_hosts;  ///< by rank
};

/// One rank in simulated time. There is one S4U mailbox for every (source, destination, tag), with the destination as
/// its permanent receiver: that is what makes a message start when it is sent.
class SimulatedTransport final : public Transport {
 public:
  SimulatedTransport(SharedState& shared, int rank) : shared_(shared), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return shared_.workers; }
  Request start_send(int to, Message message, int tag) override;
  Request start_receive(int from, int tag) override;
  Message wait(Request request) override;
  Seconds now() const override { return Seconds(simgrid::s4u::Engine::get_clock()); }
  void wait_until(Seconds time) override;
  Traffic traffic() const override { return traffic_; }
  int repeat(int count, const std::function<void(int)>& step) override;

 private:
  struct Transfer {
    simgrid::s4u::CommPtr comm;  ///< null: a send that leaves in its turn
    int other = 0;
    Message* received = nullptr;
    bool is_receive = false;
  };

  simgrid::s4u::Mailbox& mailbox(int from, int to, int tag);
  simgrid::s4u::CommPtr start_tcp_send(simgrid::s4u::Mailbox& box, std::unique_ptr<Message> message, int to);
  void send_in_turn(simgrid::s4u::Mailbox& box, std::unique_ptr<Message> message, int to);
  void delay(const simgrid::s4u::Comm& comm, int from, Bytes bytes);
  int free_slot();
  Repeat& join_repeat(int count);
  void leave_repeat();

  SharedState& shared_;
  int rank_;
  Traffic traffic_;
  std::size_t repeat_calls_ = 0;
  std::deque<Transfer> transfers_;  ///< a deque: S4U keeps a pointer to `received`
  std::vector<int> free_;

  // Of model ethernet-tcp.
  simgrid::s4u::CommPtr last_send_;
  simgrid::s4u::CommPtr last_long_;  ///< the last send beyond the eager limit
  int last_long_to_ = -1;
  Seconds short_until_;  ///< until when its short messages keep the link busy
  std::shared_ptr<SendQueue> queue_ = std::make_shared<SendQueue>();
  int last_from_ = -1;  ///< the sender of the message before
  Seconds last_end_;    ///< when that was here
  Seconds free_at_;     ///< when the host has taken in what arrived so far
};

}  // namespace simrun
