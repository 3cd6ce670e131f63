#include "sim/simgrid/short_messages.hpp"

#include <algorithm>
#include <utility>

namespace simrun {

/// A message on its way.
struct ShortMessages::Passage {
  FlowPtr flow;
  Route route;
  std::size_t next = 0;  ///< of the links that its first byte comes to
  Seconds end{};         ///< when its last byte is through those before
};

bool ShortMessages::Link::has_long(Seconds now) {
  while (!longs.empty() && !longs.front()->lasts_beyond(now)) longs.pop_front();
  return !longs.empty();
}

void ShortMessages::send(const FlowPtr& flow) {
  const Seconds now = clock_now();
  Route route = flows_.route(*flow);
  const bool meets_long =
      std::any_of(route.links.begin(), route.links.end(), [&](const auto* link) { return links_[link].has_long(now); });
  if (meets_long) return flows_.start(flow, now);
  flow->left = now;
  pass(std::make_shared<Passage>(Passage{flow, std::move(route)}));
}

void ShortMessages::pass(const std::shared_ptr<Passage>& passage) {
  const Seconds now = clock_now();
  while (passage->next < passage->route.links.size()) {
    const simgrid::s4u::Link* link = passage->route.links[passage->next++];
    const Seconds time(passage->flow->on_wire.value / (goodput_ * link->get_bandwidth()));
    Seconds& free_at = links_[link].free_at;
    const Seconds begin = std::max(now, free_at);
    const bool is_shared = link->get_sharing_policy() != simgrid::s4u::Link::SharingPolicy::FATPIPE;
    if (is_shared) free_at = begin + time;
    passage->end = std::max(passage->end, begin + time);
    const bool is_last = passage->next == passage->route.links.size();
    if (begin > now && !is_last) return flows_.at(begin, [this, passage] { pass(passage); });
  }
  flows_.arrive(passage->flow, passage->end + passage->route.latency);
}

Seconds ShortMessages::let_in(const FlowPtr& long_flow) {
  const Seconds now = clock_now();
  Seconds begin = now;
  for (const auto* link : flows_.route(*long_flow).links) {
    Link& state = links_[link];
    begin = std::max(begin, state.free_at);
    state.has_long(now);  // forgets those that have ended
    state.longs.push_back(long_flow);
  }
  return begin;
}

}  // namespace simrun
