#include "sim/simgrid/short_messages.hpp"

#include <algorithm>
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
  const Seconds now = flows_.now();
  const Path path = flows_.path(*flow);
  const bool meets_long =
      std::any_of(path.links.begin(), path.links.end(), [&](int number) { return link(number).has_long(now); });
  if (meets_long) return flows_.start(flow, now);
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

Seconds ShortMessages::let_in(const FlowPtr& long_flow) {
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
