#include "sim/simgrid/short_messages.hpp"

#include <algorithm>
#include <utility>

namespace simrun {

/// A message on its way.
struct ShortMessages::Passage {
  FlowPtr flow;
  std::vector<int> links;
  Seconds latency;
  std::size_t next = 0;  ///< of the links that its first byte comes to
  Seconds end{};         ///< when its last byte is through those before
};

bool ShortMessages::Link::has_long(Seconds now) {
  while (!longs.empty() && !longs.front()->lasts_beyond(now)) longs.pop_front();
  return !longs.empty();
}

void ShortMessages::send(const FlowPtr& flow) {
  const Seconds now = clock_now();
  const Path path = flows_.path(*flow);
  const bool meets_long =
      std::any_of(path.links.begin(), path.links.end(), [&](int number) { return link(number).has_long(now); });
  if (meets_long) return flows_.start(flow, now);
  flow->left = now;
  pass({flow, {path.links.begin(), path.links.end()}, path.latency});
}

void ShortMessages::pass(Passage passage) {
  const Seconds now = clock_now();
  while (passage.next < passage.links.size()) {
    const int number = passage.links[passage.next++];
    const Seconds time(passage.flow->on_wire.value / flows_.links().capacity(number).value);
    Seconds& free_at = link(number).free_at;
    const Seconds begin = std::max(now, free_at);
    if (flows_.links().is_shared(number)) free_at = begin + time;
    passage.end = std::max(passage.end, begin + time);
    const bool is_last = passage.next == passage.links.size();
    if (begin > now && !is_last)
      return flows_.at(begin, [this, later = std::move(passage)]() mutable { pass(std::move(later)); });
  }
  flows_.arrive(passage.flow, passage.end + passage.latency);
}

Seconds ShortMessages::let_in(const FlowPtr& long_flow) {
  const Seconds now = clock_now();
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
