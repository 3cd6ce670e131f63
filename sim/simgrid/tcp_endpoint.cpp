#include "sim/simgrid/tcp_endpoint.hpp"

#include <algorithm>

namespace simrun {

void TcpEndpoint::send(const FlowPtr& flow, TcpEndpoint& to) {
  const bool is_short = flow->size <= tcp_.send_buffer;
  if (!is_short || (queue_.empty() && flows_.now() >= short_until_)) return put(flow, to);
  flow->is_buffered = true;
  queue_.push_back({flow, &to});
  if (queue_.size() == 1) flows_.at(short_until_, [this] { send_queued(); });
}

std::size_t TcpEndpoint::stream(std::shared_ptr<AllToAll> all, int rank) {
  Row& row = all->row(rank);
  const int first = row.next_message(1);
  short_until_ = row.stream(std::max(flows_.now(), short_until_), [&](Bytes size) { return time_on_link(size); });
  streams_.push_back({std::move(all), rank, first});
  shorts_.begin(row);
  return row.messages();
}

Seconds TcpEndpoint::take_in(const Arrival& message, const TcpEndpoint& from, Seconds known) {
  follow_streams(known);
  const bool sends = last_send_ != nullptr ? last_send_->lasts_beyond(message.left) : last_send_end_ > message.left;
  Seconds more;
  if (sends) {
    const bool hands_over = last_from_ != nullptr && last_from_ != &from && last_end_ <= message.left;
    more += tcp_.both_ways(message.size, link_) + (hands_over ? tcp_.handover : 0) * time_on_link(message.size);
  }
  if (last_long_ != nullptr && last_long_->to != message.from && last_long_->lasts_beyond(message.left))
    more += tcp_.rendezvous(message.size, link_);
  last_from_ = &from;
  last_end_ = message.end;
  free_at_ = std::max(free_at_, last_end_ + more) + tcp_.message;
  return free_at_;
}

/// What of streams had left by `until`, now or before, was the last send.
void TcpEndpoint::follow_streams(Seconds until) {
  if (streams_.empty()) return;
  shorts_.catch_up();
  while (!streams_.empty()) {
    auto& [all, rank, offset] = streams_.front();
    Row& row = all->row(rank);
    while (offset < row.ranks() && row.passage(offset).left <= until) {
      last_send_ = row.flow(offset);
      last_send_end_ = row.passage(offset).arrival;
      offset = row.next_message(offset + 1);
    }
    if (offset < row.ranks()) return;
    streams_.pop_front();
  }
}

void TcpEndpoint::put(const FlowPtr& flow, TcpEndpoint& to) {
  follow_streams(flows_.now());
  flow->on_wire = shaped(flow->size, to);
  last_send_ = flow;
  if (flow->size > tcp_.eager_limit) last_long_ = flow;
  if (flow->size > tcp_.send_buffer) return flows_.start(flow, shorts_.let_in(flow));
  short_until_ = flows_.now() + time_on_link(flow->on_wire);
  shorts_.send(flow);  // last, since others may go on before this returns
}

/// What takes time of a message that begins now: links that are shaped let the rest through at once.
Bytes TcpEndpoint::shaped(Bytes size, TcpEndpoint& to) {
  const Bytes burst = tcp_.burst;
  if (burst.value == 0) return size;
  const Seconds now = flows_.now();
  const Bytes free = std::min(up_.left(now, burst, link_), to.down_.left(now, burst, to.link_));
  up_.take(now, size, burst, link_);
  to.down_.take(now, size, burst, to.link_);
  return std::max(Bytes(1), size - free);
}

/// The link has become free for the next short message.
void TcpEndpoint::send_queued() {
  const Queued next = std::move(queue_.front());
  put(next.flow, *next.to);
  queue_.pop_front();
  if (!queue_.empty()) flows_.at(short_until_, [this] { send_queued(); });
}

}  // namespace simrun
