#include "sim/simgrid/tcp_endpoint.hpp"

#include <algorithm>
#include <vector>

namespace simrun {

namespace sg4 = simgrid::s4u;

namespace {

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
  const Bytes size = bytes_of(*message);
  const Seconds now(sg4::Engine::get_clock());
  const bool is_short = size <= tcp_.send_buffer;
  if (sends_queued_ || (is_short && now < short_until_)) {
    queue_.push_back({&box, std::move(message), &to});
    if (!sends_queued_) {
      sends_queued_ = true;
      sg4::Actor::create("sends", sg4::this_actor::get_host(), [this] { send_queued(); });
    }
    return nullptr;
  }
  last_send_ = put(box, std::move(message), to);
  if (is_short) short_until_ = now + time_on_link(size);
  if (size > tcp_.eager_limit) {
    last_long_ = last_send_;
    last_long_to_ = &to;
  }
  return last_send_;
}

Seconds TcpEndpoint::take_in(const sg4::Comm& comm, Bytes size, const TcpEndpoint& from) {
  const Seconds start(comm.get_start_time());
  const Seconds end(comm.get_finish_time());
  Seconds more;
  if (lasts_beyond(last_send_, start)) {
    const bool hands_over = last_from_ != nullptr && last_from_ != &from && last_end_ <= start;
    more += (tcp_.acknowledgements + (hands_over ? tcp_.handover : 0)) * time_on_link(size);
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
  Bytes free;
  if (tcp_.burst.value > 0) {
    const Seconds now(sg4::Engine::get_clock());
    free = std::min(up_.left(now, tcp_.burst, link_), to.down_.left(now, tcp_.burst, to.link_));
    up_.take(now, size, tcp_.burst, link_);
    to.down_.take(now, size, tcp_.burst, to.link_);
  }
  const double on_wire = free.value > 0 ? std::max(1.0, (size - free).value) : size.value;
  return box.put_async(message.release(), static_cast<std::uint64_t>(on_wire));
}

void TcpEndpoint::send_queued() {
  std::vector<sg4::CommPtr> sends;
  sg4::this_actor::sleep_until(short_until_.value);
  while (!queue_.empty()) {
    Queued next = std::move(queue_.front());
    queue_.pop_front();
    const Seconds time = time_on_link(bytes_of(*next.message));
    sends.push_back(put(*next.mailbox, std::move(next.message), *next.to));
    sg4::this_actor::sleep_for(time.value);
  }
  sends_queued_ = false;
  for (const sg4::CommPtr& comm : sends) comm->wait();
}

}  // namespace simrun
