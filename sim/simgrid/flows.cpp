#include "sim/simgrid/flows.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

// After s4u.hpp, whose macros it needs.
#include <simgrid/kernel/Timer.hpp>

#include "sim/simgrid/platform.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

Seconds Flow::end() const {
  if (arrival) return *arrival;
  const bool has_arrived = comm != nullptr && comm->get_finish_time() >= 0;
  return Seconds(has_arrived ? comm->get_finish_time() : std::numeric_limits<double>::infinity());
}

Flows::Flows(const Network& network, const std::vector<sg4::Host*>& hosts)
    : passes_latency_(network.model != Network::Model::lv08) {
  for (sg4::Host* host : hosts) ends_.push_back({.host = host, .actor = nullptr, .wake = sg4::Semaphore::create(0)});
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
  at(time, [this, flow] {
    for (End* end : {&ends_[flow->from], &ends_[flow->to]}) {
      if (end->awaited == flow.get()) rouse(*end);
    }
  });
}

Route Flows::route(const Flow& flow) const {
  return find_route(*ends_[flow.from].host, *ends_[flow.to].host);
}

void Flows::at(Seconds time, std::function<void()> what) {
  simgrid::kernel::timer::Timer::set(time.value, std::move(what));
}

/// A sender that is busy, or has set off as many as one actor should, gets somebody to set its flows off.
void Flows::come_due(const FlowPtr& flow) {
  End& from = ends_[flow->from];
  from.due.push_back(flow);
  if (from.awaited != nullptr && from.own < most_an_actor) return rouse(from);
  if (from.due.size() > 1) return;
  call_sender(from);
}

void Flows::call_sender(End& from) {
  sg4::Actor::create("sender", from.host, [this, &from] {
    for (const FlowPtr& flow : set_off(from, most_an_actor)) flow->comm->wait();
  });
}

void Flows::wait(const FlowPtr& flow, int rank) {
  End& end = ends_[static_cast<std::size_t>(rank)];
  while (flow->comm == nullptr && flow->lasts_beyond(Seconds(sg4::Engine::get_clock()))) sleep_for(*flow, end);
  if (flow->comm == nullptr) return;
  if (flow->from == rank) {
    flow->comm->wait();
    if (flow->is_own) --end.own;
    return;
  }
  Flow* received = nullptr;
  flow->mailbox->get_async<Flow>(&received)->wait();
  end.mailboxes.push_back(flow->mailbox);
}

void Flows::see_off(int rank) {
  for (const FlowPtr& flow : ends_[static_cast<std::size_t>(rank)].unattended) flow->comm->wait();
}

/// Until `flow` sets off or is there, or a flow from this rank is due.
void Flows::sleep_for(const Flow& flow, End& end) {
  end.awaited = &flow;
  end.wake->acquire();
  for (const FlowPtr& own : set_off(end, most_an_actor - std::min(end.own, most_an_actor))) {
    own->is_own = true;
    ++end.own;
    if (own->is_buffered) end.unattended.push_back(own);
  }
  const Seconds now(sg4::Engine::get_clock());
  while (!end.unattended.empty() && !end.unattended.front()->lasts_beyond(now)) {
    end.unattended.front()->comm->wait();  // takes it off SimGrid's list
    end.unattended.pop_front();
    --end.own;
  }
}

void Flows::rouse(End& end) {
  end.awaited = nullptr;
  end.wake->release();
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
    for (End* either : {&end, &to}) {
      if (either->awaited == flow.get()) rouse(*either);
    }
  }
  return flows;
}

}  // namespace simrun
