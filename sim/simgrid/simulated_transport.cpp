#include "sim/simgrid/simulated_transport.hpp"

#include <algorithm>
#include <string>

namespace simrun {

namespace sg4 = simgrid::s4u;

Request SimulatedTransport::start_send(int to, Message message, int tag) {
  const std::uint64_t bytes = size_of(message);
  traffic_.sent += bytes;
  const int slot = free_slot();
  auto owned = std::make_unique<Message>(std::move(message));
  sg4::Mailbox& box = mailbox(rank_, to, tag);
  sg4::CommPtr comm;
  if (shared_.tcp.empty())
    comm = box.put_async(owned.release(), bytes);  // the receiver's from here on
  else
    comm = shared_.tcp[rank_].send(box, std::move(owned), shared_.tcp[to]);
  transfers_[slot] = {std::move(comm), to, nullptr, false};
  return Request{slot};
}

Request SimulatedTransport::start_receive(int from, int tag) {
  const int slot = free_slot();
  Transfer& transfer = transfers_[slot];
  transfer = {nullptr, from, nullptr, true};
  transfer.comm = mailbox(from, rank_, tag).get_async<Message>(&transfer.received);
  return Request{slot};
}

Message SimulatedTransport::wait(Request request) {
  const int slot = static_cast<int>(request);
  Transfer& transfer = transfers_[slot];
  const sg4::CommPtr comm = std::move(transfer.comm);
  if (comm != nullptr) comm->wait();
  free_.push_back(slot);
  if (!transfer.is_receive) return {};
  last_arrival_ = Seconds(comm->get_finish_time());
  const std::unique_ptr<Message> owned(transfer.received);
  const std::uint64_t bytes = size_of(*owned);
  traffic_.received += bytes;
  if (!shared_.tcp.empty())
    wait_until(shared_.tcp[rank_].take_in(*comm, Bytes(static_cast<double>(bytes)), shared_.tcp[transfer.other]));
  return std::move(*owned);
}

void SimulatedTransport::wait_until(Seconds time) {
  if (time > now()) sg4::this_actor::sleep_until(time.value);
}

int SimulatedTransport::repeat(int count, const std::function<void(int)>& step) {
  if (count == 0 || shared_.repeats == Repeats::literal) return Transport::repeat(count, step);
  Repeat& all = join_repeat(count);
  Traffic before;
  int i = 0;
  for (; i < all.stop(); ++i) {
    before = traffic_;
    const Seconds start = now();
    all.enter(i);
    step(i);
    all.finish(rank_, i, {start, last_arrival_, now()});
  }
  const int skipped = count - i;
  traffic_.sent += (traffic_.sent - before.sent) * skipped;
  traffic_.received += (traffic_.received - before.received) * skipped;
  const Seconds jump = all.jump();
  leave_repeat();
  if (skipped > 0) wait_until(now() + jump);
  return i;
}

sg4::Mailbox& SimulatedTransport::mailbox(int from, int to, int tag) {
  // Ranks stay below 2^17, tags below 2^30.
  const std::uint64_t key =
      (static_cast<std::uint64_t>(tag) << 17 | static_cast<std::uint64_t>(from)) << 17 | static_cast<std::uint64_t>(to);
  sg4::Mailbox*& box = shared_.mailboxes[key];
  if (box == nullptr) {
    box = sg4::Mailbox::by_name(std::to_string(from) + ">" + std::to_string(to) + "#" + std::to_string(tag));
    box->set_receiver(shared_.actors[to]);
  }
  return *box;
}

int SimulatedTransport::free_slot() {
  if (free_.empty()) {
    transfers_.emplace_back();
    return static_cast<int>(transfers_.size()) - 1;
  }
  const int slot = free_.back();
  free_.pop_back();
  return slot;
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
