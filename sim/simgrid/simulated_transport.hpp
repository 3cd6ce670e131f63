#pragma once

#include <deque>
#include <memory>
#include <simgrid/s4u.hpp>
#include <unordered_map>
#include <vector>

#include "sim/simgrid/cluster.hpp"
#include "sim/simgrid/repeats.hpp"
#include "sim/simgrid/tcp_endpoint.hpp"
#include "sim/transport.hpp"

namespace simrun {

/// What the ranks of one simulation share. SimGrid runs one actor at a time, so nothing is locked.
struct SharedState {
  int workers = 0;
  Repeats repeats = Repeats::skipped;
  std::vector<simgrid::s4u::ActorPtr> actors;  ///< by rank
  std::unordered_map<std::uint64_t, simgrid::s4u::Mailbox*> mailboxes;
  std::deque<std::unique_ptr<Repeat>> repeat_calls;
  std::size_t first_repeat_call = 0;  ///< number of repeat_calls.front() among all calls so far

  std::deque<TcpEndpoint> tcp;  ///< by rank; empty if the network model is not ethernet-tcp
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
  int free_slot();
  Repeat& join_repeat(int count);
  void leave_repeat();

  SharedState& shared_;
  int rank_;
  Traffic traffic_;
  Seconds last_arrival_;  ///< of what was received last
  std::size_t repeat_calls_ = 0;
  std::deque<Transfer> transfers_;  ///< a deque: S4U keeps a pointer to `received`
  std::vector<int> free_;
};

}  // namespace simrun
