#include "sim/simgrid/simulated_transport.hpp"

#include <algorithm>
#include <string>

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

Bytes as_bytes(std::uint64_t bytes) {
  return Bytes(static_cast<double>(bytes));
}

bool is_under_way(const sg4::CommPtr& comm) {
  return comm != nullptr && comm->get_finish_time() < 0;
}

TcpHost& tcp_host(SharedState& shared, int rank) {
  return shared.tcp_hosts[static_cast<std::size_t>(rank)];
}

/// The bytes of a message that take time on the links.
std::uint64_t on_wire(SharedState& shared, int from, int to, Bytes bytes) {
  const Bytes burst = shared.tcp->burst;
  if (burst.value == 0) return static_cast<std::uint64_t>(bytes.value);
  const Seconds now(sg4::Engine::get_clock());
  TcpHost& sender = tcp_host(shared, from);
  TcpHost& receiver = tcp_host(shared, to);
  const Bytes free = std::min(sender.up.left(now, burst, sender.link), receiver.down.left(now, burst, receiver.link));
  sender.up.take(now, bytes, burst, sender.link);
  receiver.down.take(now, bytes, burst, receiver.link);
  return static_cast<std::uint64_t>(std::max(1.0, (bytes - free).value));
}

Seconds time_on_link(SharedState& shared, int rank, Bytes bytes) {
  return Seconds(bytes.value / tcp_host(shared, rank).link.value);
}

}  // namespace

Request SimulatedTransport::start_send(int to, Message message, int tag) {
  const std::uint64_t bytes = size_of(message);
  traffic_.sent += bytes;
  const int slot = free_slot();
  auto owned = std::make_unique<Message>(std::move(message));
  sg4::Mailbox& box = mailbox(rank_, to, tag);
  if (shared_.tcp) {
    transfers_[slot] = {start_tcp_send(box, std::move(owned), to), to, nullptr, false};
  } else {
    transfers_[slot] = {box.put_async(owned.get(), bytes), to, nullptr, false};
    owned.release();  // the receiver's from here on
  }
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
  const std::unique_ptr<Message> owned(transfer.received);
  const std::uint64_t bytes = size_of(*owned);
  traffic_.received += bytes;
  if (shared_.tcp) delay(*comm, transfer.other, as_bytes(bytes));
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
    all.finish(rank_, i, now() - start);
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

/// Null where the message leaves in its turn.
sg4::CommPtr SimulatedTransport::start_tcp_send(sg4::Mailbox& box, std::unique_ptr<Message> message, int to) {
  const Bytes bytes = as_bytes(size_of(*message));
  const bool is_short = bytes <= shared_.tcp->send_buffer;
  if (queue_->sends || (is_short && now() < short_until_)) {
    send_in_turn(box, std::move(message), to);
    return nullptr;
  }
  last_send_ = box.put_async(message.get(), on_wire(shared_, rank_, to, bytes));
  message.release();  // the receiver's from here on
  if (is_short) short_until_ = now() + time_on_link(shared_, rank_, bytes);
  if (bytes > shared_.tcp->eager_limit) {
    last_long_ = last_send_;
    last_long_to_ = to;
  }
  return last_send_;
}

void SimulatedTransport::send_in_turn(sg4::Mailbox& box, std::unique_ptr<Message> message, int to) {
  queue_->entries.push_back({&box, std::move(message), to});
  if (queue_->sends) return;
  queue_->sends = true;
  const auto send = [&shared = shared_, rank = rank_, queue = queue_, begin = short_until_] {
    std::vector<sg4::CommPtr> sends;
    sg4::this_actor::sleep_until(begin.value);
    while (!queue->entries.empty()) {
      SendQueue::Entry entry = std::move(queue->entries.front());
      queue->entries.pop_front();
      const Bytes bytes = as_bytes(size_of(*entry.message));
      sends.push_back(entry.mailbox->put_async(entry.message.release(), on_wire(shared, rank, entry.to, bytes)));
      sg4::this_actor::sleep_for(time_on_link(shared, rank, bytes).value);
    }
    queue->sends = false;
    for (const sg4::CommPtr& comm : sends) comm->wait();
  };
  sg4::Actor::create("sends-" + std::to_string(rank_), sg4::this_actor::get_host(), send);
}

/// What the network model adds to the time at which a message arrives.
void SimulatedTransport::delay(const sg4::Comm& comm, int from, Bytes bytes) {
  const EthernetTcp& tcp = *shared_.tcp;
  const Seconds start(comm.get_start_time());
  const Seconds end(comm.get_finish_time());
  const auto overlaps = [&](const sg4::CommPtr& send) {
    return send != nullptr && (is_under_way(send) || send->get_finish_time() > start.value);
  };
  Seconds more;
  if (overlaps(last_send_)) {
    const bool hands_over = last_from_ >= 0 && last_from_ != from && last_end_ <= start;
    more += (tcp.acknowledgements + (hands_over ? tcp.handover : 0)) * time_on_link(shared_, rank_, bytes);
  }
  if (last_long_to_ != from && overlaps(last_long_)) more += tcp.rendezvous(bytes, tcp_host(shared_, rank_).link);
  last_from_ = from;
  last_end_ = end;
  free_at_ = std::max(free_at_, end + more) + tcp.message;
  wait_until(free_at_);
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
