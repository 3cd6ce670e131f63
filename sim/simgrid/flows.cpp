#include "sim/simgrid/flows.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "sim/simgrid/platform.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

Seconds Flow::end() const {
  if (arrival) return *arrival;
  const bool has_arrived = comm != nullptr && comm->get_finish_time() >= 0;
  return Seconds(has_arrived ? comm->get_finish_time() : std::numeric_limits<double>::infinity());
}

Flows::Flows(const Network& network, const std::vector<sg4::Host*>& hosts)
    : most_an_actor_(std::clamp<std::size_t>(hosts.size() * hosts.size() / 16384, 32, 128)),
      passes_latency_(network.model != Network::Model::lv08) {
  for (sg4::Host* host : hosts) ends_.push_back({.host = host, .actor = nullptr, .wake = sg4::Semaphore::create(0)});
  if (!std::holds_alternative<Star>(network.topology) || network.gpus_per_host > 1 || hosts.size() < 2) return;
  own_links_.resize(hosts.size());
  for (std::size_t from = 0; from < hosts.size(); ++from) {
    const std::size_t to = (from + 1) % hosts.size();
    const Route route = find_route(*hosts[from], *hosts[to]);
    own_links_[from].up = route.links.front();
    own_links_[to].down = route.links.back();
    star_latency_ = route.latency;
  }
}

void Flows::start(const FlowPtr& flow, Seconds time) {
  flow->left = time;
  const Seconds latency = route(*flow).latency;
  at(passes_latency_ ? time + latency : time, [this, flow] {
    if (!is_stopped_) come_due(flow);
  });
}

void Flows::arrive(const FlowPtr& flow, Seconds time) {
  flow->arrival = time;
  rouse_those_who_await(*flow);
}

Route Flows::route(const Flow& flow) const {
  if (!own_links_.empty()) return {{own_links_[flow.from].up, own_links_[flow.to].down}, star_latency_};
  return find_route(*ends_[flow.from].host, *ends_[flow.to].host);
}

/// A sender that is busy, or has set off as many as one actor should, gets somebody to set its flows off.
void Flows::come_due(const FlowPtr& flow) {
  End& from = ends_[flow->from];
  from.due.push_back(flow);
  if (from.sleeps && from.own < most_an_actor_) return rouse(from);
  if (from.due.size() > 1) return;
  call_sender(from);
}

void Flows::call_sender(End& from) {
  sg4::Actor::create("sender", from.host, [this, &from] {
    for (const FlowPtr& flow : set_off(from, most_an_actor_)) flow->comm->wait();
  });
}

Seconds Flows::wait(const FlowPtr& flow, int rank) {
  End& end = ends_[static_cast<std::size_t>(rank)];
  end.awaited = flow.get();
  while (flow->comm == nullptr && !flow->arrival) sleep(end);
  end.awaited = nullptr;
  if (flow->comm == nullptr) return *flow->arrival;
  if (flow->from == rank) {
    flow->comm->wait();
    if (flow->is_own) --end.own;
    return clock_now();
  }
  Flow* received = nullptr;
  flow->mailbox->get_async<Flow>(&received)->wait();
  end.mailboxes.push_back(flow->mailbox);
  return clock_now();
}

void Flows::sleep_until(Seconds time, int rank) {
  if (time <= clock_now()) return;
  End& end = ends_[static_cast<std::size_t>(rank)];
  agenda_.at(
      time, [&end] { rouse(end); }, rank);
  while (clock_now() < time) sleep(end);
}

void Flows::see_off(int rank) {
  for (const FlowPtr& flow : ends_[static_cast<std::size_t>(rank)].unattended) flow->comm->wait();
}

/// Until somebody rouses the actor: what it waits for has come about, or a flow from its rank is due, which it then
/// sets off.
void Flows::sleep(End& end) {
  end.sleeps = true;
  end.wake->acquire();
  for (const FlowPtr& own : set_off(end, most_an_actor_ - std::min(end.own, most_an_actor_))) {
    own->is_own = true;
    ++end.own;
    if (own->is_buffered) end.unattended.push_back(own);
  }
  while (!end.unattended.empty() && !end.unattended.front()->lasts_beyond(clock_now())) {
    end.unattended.front()->comm->wait();  // takes it off SimGrid's list
    end.unattended.pop_front();
    --end.own;
  }
}

void Flows::rouse(End& end) {
  if (!std::exchange(end.sleeps, false)) return;
  end.wake->release();
}

void Flows::rouse_those_who_await(const Flow& flow) {
  for (const int rank : {flow.from, flow.to}) {
    End& end = ends_[static_cast<std::size_t>(rank)];
    if (end.awaited == &flow) rouse(end);
  }
}

/// What is due, at most so many flows, by an actor on the host of this end. Others do the rest.
std::vector<FlowPtr> Flows::set_off(End& end, std::size_t most) {
  const auto first_left = end.due.begin() + static_cast<std::ptrdiff_t>(std::min(most, end.due.size()));
  const std::vector<FlowPtr> flows(end.due.begin(), first_left);
  end.due.erase(end.due.begin(), first_left);
  if (!end.due.empty()) call_sender(end);
  for (const FlowPtr& flow : flows) {
    End& to = ends_[flow->to];
    if (to.mailboxes.empty()) {
      // Other actors run while SimGrid does this: the new one is not yet among the free ones that they may take.
      flow->mailbox = sg4::Mailbox::by_name(std::to_string(mailboxes_++));
      flow->mailbox->set_receiver(to.actor);  // what makes it start when it is sent
    } else {
      flow->mailbox = to.mailboxes.back();
      to.mailboxes.pop_back();
    }
    flow->comm = flow->mailbox->put_async(flow.get(), static_cast<std::uint64_t>(flow->on_wire.value));
    rouse_those_who_await(*flow);
  }
  return flows;
}

}  // namespace simrun
