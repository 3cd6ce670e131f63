#include <algorithm>
#include <utility>

#include "sim/simgrid/simulated_transport.hpp"

namespace simrun {

std::vector<Payload> SimulatedTransport::all_to_all(const PayloadTo& payload, const ComesFrom& comes) {
  if (!shared_.exchanges_at_once) return Transport::all_to_all(payload, comes);
  shared_.flows.sleep_until(idle_until_, rank_);
  const Seconds begun = shared_.flows.now();
  const std::shared_ptr<AllToAll> all = join_all_to_all();
  int senders = 0;
  for (int r = 0; r < size(); ++r) senders += r != rank_ && comes(r) ? 1 : 0;
  all->expect(rank_, senders);
  const bool in_order = !send_row(all, payload);
  if (!in_order) await_all(*all);

  std::vector<Payload> received;
  received.reserve(static_cast<std::size_t>(senders) + 1);
  Seconds known = begun;
  for (int r = 0; r < size(); ++r) {
    if (r == rank_) {
      if (std::optional<Payload> own = payload(r)) received.push_back(*std::move(own));
    } else if (comes(r)) {
      if (in_order) await_row(*all, r);
      received.push_back(take_in(*all, r, known));
    }
  }
  await_own(all->row(rank_), begun);
  leave_all_to_all();
  return received;
}

/// Sends what there is, and is ready to receive, in turn: what begins at one instant does so in the order in which it
/// would one by one. True if what this rank sends while it receives is known beforehand: it can then receive all when
/// it is there.
bool SimulatedTransport::send_row(const std::shared_ptr<AllToAll>& all, const PayloadTo& payload) {
  Row& row = all->row(rank_);
  for (int offset = 1; offset < size(); ++offset) row.add(payload(row.to(offset)));
  traffic_.sent += row.bytes();
  const bool is_stream = !shared_.tcp.empty() && shared_.tcp[rank_].may_stream(row);
  for (int offset = 1; offset < size(); ++offset) {
    post(*all, offset);
    if (row.payload(offset) == nullptr) continue;
    if (!is_stream)
      start_flow(*all, row, offset);
    else if (!row.is_stream())
      shared_.messages += shared_.tcp[rank_].stream(all, rank_);
    rouse_receiver(*all, row, offset);
  }
  for (const auto& [rank, time] : all->sent(rank_, shared_.flows.now())) shared_.flows.rouse_at(time, rank);
  return is_stream || shared_.tcp.empty();
}

void SimulatedTransport::start_flow(const AllToAll& all, Row& row, int offset) {
  const FlowPtr flow = row.make_flow(offset);
  flow->is_sent = true;
  flow->is_awaited = all.awaits(flow->to, offset);
  shared_.start_if_ready(flow);
}

/// The receiver of a message that has left goes on at once if it waits for that.
void SimulatedTransport::rouse_receiver(AllToAll& all, Row& row, int offset) {
  all.send(rank_, offset);
  const FlowPtr& flow = row.flow(offset);
  const bool has_left =
      flow != nullptr ? flow->arrival != Flow::never : row.passage(offset).left <= shared_.flows.now();
  if (has_left && all.is_awaited(row.to(offset), rank_)) shared_.flows.rouse(row.to(offset));
}

/// Is ready to receive from the rank that many before this one.
void SimulatedTransport::post(AllToAll& all, int offset) {
  all.post(rank_, offset);
  const FlowPtr& flow = all.row((rank_ + size() - offset) % size()).flow(offset);
  if (flow == nullptr || std::exchange(flow->is_awaited, true)) return;
  if (flow->size > shared_.eager_limit(*flow)) shared_.start_if_ready(flow);
}

void SimulatedTransport::await_all(AllToAll& all) {
  while (!all.is_known(rank_)) shared_.flows.sleep(rank_);
  shared_.flows.sleep_until(all.last(rank_), rank_);
}

void SimulatedTransport::await_row(AllToAll& all, int from) {
  Row& row = all.row(from);
  const int offset = row.offset_of(rank_);
  all.await(rank_, from);
  while (!all.is_sent(from, offset)) shared_.flows.sleep(rank_);
  all.await(rank_, AllToAll::nobody);
  if (row.is_stream()) shared_.flows.sleep_until(row.passage(offset).left, rank_);
}

/// The message from there. `known`: when this rank knew of what it received before, and then of this.
Payload SimulatedTransport::take_in(AllToAll& all, int from, Seconds& known) {
  Row& row = all.row(from);
  const int offset = row.offset_of(rank_);
  const Payload& payload = *row.payload(offset);
  TcpEndpoint::Arrival message{from, Bytes(static_cast<double>(payload.size())), Seconds(0), Seconds(0)};
  bool is_inside = false;
  if (row.is_stream()) {
    shared_.short_messages.catch_up();
    message.left = row.passage(offset).left;
    message.end = row.passage(offset).arrival;
    known = std::max(known, message.left);
  }
  if (const FlowPtr& flow = row.flow(offset); flow != nullptr) {
    wait_until(shared_.flows.wait(flow, rank_));
    message.left = flow->left;
    message.end = flow->end();
    known = std::max(known, flow->known);
    is_inside = shared_.is_inside(*flow);
  }
  last_arrival_ = message.end;
  traffic_.received += payload.size();
  wait_until(message.end);
  if (!shared_.tcp.empty() && !is_inside) wait_until(shared_.tcp[rank_].take_in(message, shared_.tcp[from], known));
  return payload;
}

/// Waits until what this rank sends is complete for it.
void SimulatedTransport::await_own(Row& row, Seconds begun) {
  for (int offset = row.next_message(1); offset < size(); offset = row.next_message(offset + 1)) {
    const FlowPtr& flow = row.flow(offset);
    if (row.is_stream() && row.passage(offset).left > begun) return;  // that waited to leave, and all behind it
    if (flow == nullptr)
      wait_until(row.passage(offset).arrival);
    else if (!flow->is_buffered)
      wait_until(shared_.flows.wait(flow, rank_));
  }
}

std::shared_ptr<AllToAll> SimulatedTransport::join_all_to_all() {
  const std::size_t call = all_to_alls_++ - shared_.first_all_to_all;
  if (call == shared_.all_to_alls.size()) shared_.all_to_alls.push_back(std::make_shared<AllToAll>(size()));
  return shared_.all_to_alls[call];
}

void SimulatedTransport::leave_all_to_all() {
  const std::size_t call = all_to_alls_ - 1 - shared_.first_all_to_all;
  if (!shared_.all_to_alls[call]->leave()) return;
  // Ranks leave calls in order, so the last to leave this one has left all before it.
  shared_.all_to_alls.pop_front();
  ++shared_.first_all_to_all;
}

}  // namespace simrun
