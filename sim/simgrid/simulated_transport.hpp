#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <simgrid/s4u.hpp>
#include <vector>

#include "sim/network/transport.hpp"
#include "sim/simgrid/all_to_all.hpp"
#include "sim/simgrid/cluster.hpp"
#include "sim/simgrid/flows.hpp"
#include "sim/simgrid/repeats.hpp"
#include "sim/simgrid/short_messages.hpp"
#include "sim/simgrid/tcp_endpoint.hpp"
#include "sim/simgrid/unmatched.hpp"

namespace simrun {

/// What the ranks of one simulation share. SimGrid runs one actor at a time, so nothing is locked.
struct SharedState {
  SharedState(const Network& network, int workers, Repeats repeats, const std::vector<simgrid::s4u::Host*>& hosts);

  /// True if both ends are GPUs of one host.
  bool is_inside(const Flow& flow) const {
    const bool has_server = std::max(flow.from, flow.to) >= workers;
    return gpus_per_host > 1 && !has_server && flow.from / gpus_per_host == flow.to / gpus_per_host;
  }

  /// Messages up to this size do not wait for their receiver.
  Bytes eager_limit(const Flow& flow) const { return is_inside(flow) ? EthernetTcp{}.eager_limit : eager_between; }

  /// `flow` leaves if its sender has sent it, and its receiver awaits it or it is so short that it needs not.
  void start_if_ready(const FlowPtr& flow);

  int workers;
  int gpus_per_host;
  Repeats repeats;
  Bytes eager_between;  ///< hosts
  Flows flows;
  ShortMessages short_messages;
  std::deque<TcpEndpoint> tcp;  ///< by rank; empty if the network model is not ethernet-tcp
  bool exchanges_at_once;       ///< an all-to-all is more than its messages one by one
  Unmatched unmatched;
  std::size_t messages = 0;  ///< that are ready to leave, so far

  std::deque<std::unique_ptr<Repeat>> repeat_calls;
  std::size_t first_repeat_call = 0;  ///< number of repeat_calls.front() among all calls so far

  std::deque<std::shared_ptr<AllToAll>> all_to_alls;
  std::size_t first_all_to_all = 0;  ///< likewise
};

/// One rank in simulated time. A rank that works or takes a message in runs ahead of SimGrid's clock, and waits for it
/// when it next sends or is ready to receive: only then can anybody tell.
class SimulatedTransport final : public Transport {
 public:
  SimulatedTransport(SharedState& shared, int rank) : shared_(shared), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return shared_.workers; }
  Request start_send(int to, Message message, int tag) override;
  Request start_receive(int from, int tag) override;
  Message wait(Request request) override;
  Seconds now() const override { return std::max(shared_.flows.now(), idle_until_); }
  void wait_until(Seconds time) override { idle_until_ = std::max(idle_until_, time); }
  Traffic traffic() const override { return traffic_; }
  bool wants_contents() const override { return false; }
  int repeat(int count, const std::function<void(int)>& step) override;
  std::vector<Payload> all_to_all(const PayloadTo& payload, const ComesFrom& comes) override;

 private:
  Request keep(FlowPtr flow);
  Repeat& join_repeat(int count);
  void leave_repeat();
  std::shared_ptr<AllToAll> join_all_to_all();
  void leave_all_to_all();
  void start_flow(const AllToAll& all, Row& row, int offset);
  void rouse_receiver(AllToAll& all, Row& row, int offset);
  bool send_row(const std::shared_ptr<AllToAll>& all, const PayloadTo& payload);
  void post(AllToAll& all, int offset);
  void await_all(AllToAll& all);
  void await_row(AllToAll& all, int from);
  Payload take_in(AllToAll& all, int from, Seconds& known);
  void await_own(Row& row, Seconds begun);

  SharedState& shared_;
  int rank_;
  Seconds idle_until_;  ///< does nothing before that
  Traffic traffic_;
  Seconds last_arrival_;  ///< of what was received last
  std::size_t repeat_calls_ = 0;
  std::size_t all_to_alls_ = 0;
  std::vector<FlowPtr> flows_;  ///< by request
  std::vector<int> free_;       ///< requests that were waited for
};

}  // namespace simrun
