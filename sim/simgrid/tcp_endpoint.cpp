#include "sim/simgrid/tcp_endpoint.hpp"

#include <algorithm>
#include <vector>

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

Seconds clock() {
  return Seconds(sg4::Engine::get_clock());
}

Bytes bytes_of(const Message& message) {
  return Bytes(static_cast<double>(size_of(message)));
}

/// True if `send` was under way at `start` or later.
bool lasts_beyond(const sg4::CommPtr& send, Seconds start) {
  if (send == nullptr) return false;
  const bool is_under_way = send->get_finish_time() < 0;
  return is_under_way || send->get_finish_time() > start.value;
}

}  // namespace

sg4::CommPtr TcpEndpoint::send(sg4::Mailbox& box, std::unique_ptr<Message> message, TcpEndpoint& to) {
  const bool is_short = bytes_of(*message) <= tcp_.send_buffer;
  if (!is_short || (!sends_queued_ && clock() >= short_until_)) return put(box, std::move(message), to);
  queue_.push_back({&box, std::move(message), &to});
  if (!sends_queued_) {
    sends_queued_ = true;
    sg4::Actor::create("sends", sg4::this_actor::get_host(), [this] { send_queued(); });
  }
  return nullptr;
}

Seconds TcpEndpoint::take_in(const sg4::Comm& comm, Bytes size, const TcpEndpoint& from) {
  const Seconds start(comm.get_start_time());
  const Seconds end(comm.get_finish_time());
  Seconds more;
  if (lasts_beyond(last_send_, start)) {
    const bool hands_over = last_from_ != nullptr && last_from_ != &from && last_end_ <= start;
    more += tcp_.both_ways(size, link_) + (hands_over ? tcp_.handover : 0) * time_on_link(size);
  }
  if (last_long_to_ != &from && lasts_beyond(last_long_, start)) more += tcp_.rendezvous(size, link_);
  last_from_ = &from;
  last_end_ = end;
  free_at_ = std::max(free_at_, end + more) + tcp_.message;
  return free_at_;
}

/// The message is the receiver's from here on.
sg4::CommPtr TcpEndpoint::put(sg4::Mailbox& box, std::unique_ptr<Message> message, TcpEndpoint& to) {
  const Bytes size = bytes_of(*message);
  const Bytes on_wire = shaped(size, to);
  last_send_ = box.put_async(message.release(), static_cast<std::uint64_t>(on_wire.value));
  if (size <= tcp_.send_buffer) short_until_ = clock() + time_on_link(on_wire);
  if (size > tcp_.eager_limit) {
    last_long_ = last_send_;
    last_long_to_ = &to;
  }
  return last_send_;
}

/// What takes time of a message that begins now: links that are shaped let the rest through at once.
Bytes TcpEndpoint::shaped(Bytes size, TcpEndpoint& to) {
  const Bytes burst = tcp_.burst;
  if (burst.value == 0) return size;
  const Seconds now = clock();
  const Bytes free = std::min(up_.left(now, burst, link_), to.down_.left(now, burst, to.link_));
  up_.take(now, size, burst, link_);
  to.down_.take(now, size, burst, to.link_);
  return std::max(Bytes(1), size - free);
}

void TcpEndpoint::send_queued() {
  std::vector<sg4::CommPtr> sends;
  while (!queue_.empty()) {
    sg4::this_actor::sleep_until(short_until_.value);
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    sends.push_back(put(*next.mailbox, std::move(next.message), *next.to));
  }
  sends_queued_ = false;
  for (const sg4::CommPtr& comm : sends) comm->wait();
}

}  // namespace simrun
