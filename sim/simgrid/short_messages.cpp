#include "sim/simgrid/short_messages.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace simrun {

bool ShortMessages::Link::has_long(Seconds now) {
  while (first < longs.size() && !longs[first]->lasts_beyond(now)) ++first;
  if (2 * first >= longs.size()) {
    longs.erase(longs.begin(), longs.begin() + static_cast<std::ptrdiff_t>(first));
    first = 0;
  }
  return !longs.empty();
}

void ShortMessages::send(const FlowPtr& flow) {
  catch_up();
  const Seconds now = flows_.now();
  const Path path = flows_.path(*flow);
  if (is_with_long(path, now)) return flows_.start(flow, now);
  flow->left = now;
  pass(flow, path, Seconds(0));
}

void ShortMessages::pass(const FlowPtr& flow, Path path, Seconds end) {
  const Seconds now = flows_.now();
  while (!path.links.empty()) {
    const int number = path.links.front();
    path.links = path.links.subspan(1);
    const Seconds time(flow->on_wire.value / flows_.links().capacity(number).value);
    Seconds& free_at = link(number).free_at;
    const Seconds begin = std::max(now, free_at);
    if (flows_.links().is_shared(number)) free_at = begin + time;
    end = std::max(end, begin + time);
    if (begin == now || path.links.empty()) continue;
    const std::vector<int> rest(path.links.begin(), path.links.end());
    return flows_.at(begin, [this, flow, rest, latency = path.latency, end] { pass(flow, {rest, latency}, end); });
  }
  flows_.arrive(flow, end + path.latency);
}

bool ShortMessages::is_with_long(Path path, Seconds now) {
  return has_longs_ &&
         std::any_of(path.links.begin(), path.links.end(), [&](int number) { return link(number).has_long(now); });
}

void ShortMessages::begin(Row& row) {
  catch_up();
  leave(row, 1);
  catch_up();
  follow();
}

void ShortMessages::catch_up() {
  while (const std::optional<StreamQueue::Event> event = leaving_.pop(flows_.now())) pass(*event);
}

/// A message of a stream leaves: on its way it waits for the receiver's link alone.
void ShortMessages::pass(const StreamQueue::Event& event) {
  Row& row = *event.row;
  const Seconds now = event.time;
  const int to = row.to(event.offset);
  const Bytes size(static_cast<double>(row.payload(event.offset)->size()));
  const Path path = flows_.path(row.rank(), to);
  if (is_with_long(path, now)) {
    const FlowPtr flow = row.make_flow(event.offset);
    flow->on_wire = size;
    flows_.start(flow, now);
  } else {
    Seconds begin = now;
    Seconds end;
    for (const int number : path.links) {
      Seconds& free_at = link(number).free_at;
      begin = std::max(begin, free_at);
      free_at = begin + Seconds(size.value / flows_.links().capacity(number).value);
      end = std::max(end, free_at);
    }
    row.passage(event.offset).arrival = end + path.latency;
  }
  leave(row, event.offset + 1);
}

/// The next message of the stream from this offset on, if any.
void ShortMessages::leave(Row& row, int offset) {
  const int next = row.next_message(offset);
  if (next < row.ranks()) leaving_.push(row.passage(next).left, &row, next);
}

void ShortMessages::follow() {
  if (!has_longs_ || leaving_.next() >= followed_) return;
  followed_ = leaving_.next();
  flows_.at(followed_, [this, time = followed_] {
    if (time == followed_) followed_ = Flow::never;
    catch_up();
    follow();
  });
}

Seconds ShortMessages::let_in(const FlowPtr& long_flow) {
  catch_up();
  has_longs_ = true;
  follow();
  const Seconds now = flows_.now();
  Seconds begin = now;
  for (const int number : flows_.path(*long_flow).links) {
    Link& state = link(number);
    begin = std::max(begin, state.free_at);
    state.has_long(now);  // forgets those that have ended
    state.longs.push_back(long_flow);
  }
  return begin;
}

ShortMessages::Link& ShortMessages::link(int number) {
  if (static_cast<std::size_t>(number) >= links_.size()) links_.resize(static_cast<std::size_t>(number) + 1);
  return links_[static_cast<std::size_t>(number)];
}

}  // namespace simrun
