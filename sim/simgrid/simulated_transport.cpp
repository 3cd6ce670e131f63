#include "sim/simgrid/simulated_transport.hpp"

#include <utility>

#include "sim/simgrid/platform.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

SharedState::SharedState(const Network& network, int workers_, Repeats repeats_, const std::vector<sg4::Host*>& hosts)
    : workers(workers_),
      gpus_per_host(network.gpus_per_host),
      repeats(repeats_),
      eager_between(network.eager_limit()),
      flows(network, hosts),
      short_messages(flows),
      exchanges_at_once(repeats != Repeats::literal && !flows.are_simgrids()) {
  if (network.model != Network::Model::ethernet_tcp) return;
  // GPUs of a host are on the network by its card.
  const std::vector<BytesPerSecond> links =
      gpus_per_host > 1 ? std::vector(hosts.size(), network.bandwidth) : link_bandwidths(hosts);
  for (const BytesPerSecond link : links)
    tcp.emplace_back(network.tcp, network.tcp.goodput * link, flows, short_messages);
  // Where short messages meet on links that hosts share, which of two comes first at one instant depends on when their
  // receivers are roused.
  exchanges_at_once = exchanges_at_once && flows.take_own_links();
}

void SharedState::start_if_ready(const FlowPtr& flow) {
  const bool is_eager = flow->size <= eager_limit(*flow);
  // An eager one has left before its receiver asks for it.
  if (!flow->is_sent || (!flow->is_awaited && !is_eager)) return;
  ++messages;
  flow->on_wire = flow->size;
  if (tcp.empty() || is_inside(*flow))
    flows.start(flow, flows.now());
  else
    tcp[flow->from].send(flow, tcp[flow->to]);
}

Request SimulatedTransport::start_send(int to, Message message, int tag) {
  shared_.flows.sleep_until(idle_until_, rank_);
  const FlowPtr flow = shared_.unmatched.next(rank_, to, tag, &Flow::is_sent);
  const std::uint64_t bytes = size_of(message);
  traffic_.sent += bytes;
  flow->message = std::move(message);
  flow->size = Bytes(static_cast<double>(bytes));
  shared_.start_if_ready(flow);
  return keep(flow);
}

Request SimulatedTransport::start_receive(int from, int tag) {
  shared_.flows.sleep_until(idle_until_, rank_);
  const FlowPtr flow = shared_.unmatched.next(from, rank_, tag, &Flow::is_awaited);
  if (flow->size > shared_.eager_limit(*flow)) shared_.start_if_ready(flow);
  return keep(flow);
}

Message SimulatedTransport::wait(Request request) {
  const FlowPtr flow = std::move(flows_[static_cast<std::size_t>(request)]);
  free_.push_back(static_cast<int>(request));
  const bool is_receive = flow->to == rank_;
  if (is_receive || !flow->is_buffered) wait_until(shared_.flows.wait(flow, rank_));
  if (!is_receive) return {};
  last_arrival_ = flow->end();
  traffic_.received += static_cast<std::uint64_t>(flow->size.value);
  if (!shared_.tcp.empty() && !shared_.is_inside(*flow))
    wait_until(shared_.tcp[rank_].take_in({flow->from, flow->size, flow->left, flow->end()}, shared_.tcp[flow->from],
                                          shared_.flows.now()));
  return std::move(flow->message);
}

int SimulatedTransport::repeat(int count, const std::function<void(int)>& step) {
  if (count == 0 || shared_.repeats == Repeats::literal) return Transport::repeat(count, step);
  Repeat& all = join_repeat(count);
  Traffic of_step;
  int i = 0;
  for (; i < all.stop(); ++i) {
    const Traffic before = traffic_;
    const Seconds start = now();
    all.enter(i);
    step(i);
    const Traffic of_last = std::exchange(of_step, traffic_ - before);
    if (i > 0 && of_step != of_last) all.give_up();
    all.finish(rank_, i, {start, last_arrival_, now()});
  }
  const int skipped = count - i;
  traffic_.sent += of_step.sent * skipped;
  traffic_.received += of_step.received * skipped;
  const Seconds jump = all.jump();
  leave_repeat();
  if (skipped > 0) wait_until(now() + jump);
  return i;
}

Request SimulatedTransport::keep(FlowPtr flow) {
  if (free_.empty()) {
    flows_.push_back(std::move(flow));
    return Request{static_cast<int>(flows_.size()) - 1};
  }
  const int request = free_.back();
  free_.pop_back();
  flows_[static_cast<std::size_t>(request)] = std::move(flow);
  return Request{request};
}

Repeat& SimulatedTransport::join_repeat(int count) {
  const std::size_t call = repeat_calls_++ - shared_.first_repeat_call;
  if (call == shared_.repeat_calls.size())
    shared_.repeat_calls.push_back(std::make_unique<Repeat>(shared_.workers, count));
  return *shared_.repeat_calls[call];
}

void SimulatedTransport::leave_repeat() {
  const std::size_t call = repeat_calls_ - 1 - shared_.first_repeat_call;
  if (!shared_.repeat_calls[call]->leave()) return;
  // Ranks leave calls in order, so the last to leave this one has left all before it.
  shared_.repeat_calls.pop_front();
  ++shared_.first_repeat_call;
}

}  // namespace simrun
