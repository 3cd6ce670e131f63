#include "sim/simgrid/flows.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/simgrid/platform.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

Flows::Flows(const Network& network, const std::vector<sg4::Host*>& hosts)
    : most_an_actor_(std::clamp<std::size_t>(hosts.size() * hosts.size() / 16384, 32, 128)),
      is_simgrids_(network.model == Network::Model::lv08),
      agenda_(is_simgrids_),
      routes_(network, hosts, links_) {
  for (sg4::Host* host : hosts) ends_.push_back({.host = host, .actor = nullptr, .wake = sg4::Semaphore::create(0)});
}

void Flows::start(const FlowPtr& flow, Seconds time) {
  flow->left = time;
  const Seconds latency = path(*flow).latency;
  const Seconds due = is_simgrids_ ? time : time + latency;
  if (last_due_ == nullptr || last_due_->time != due) {
    last_due_ = std::make_shared<Due>(Due{due, {}});
    at(due, [this, all = last_due_] { come_due(*all); });
  }
  last_due_->flows.push_back(flow);
}

void Flows::arrive(const FlowPtr& flow, Seconds time) {
  flow->arrival = time;
  flow->known = now();
  rouse_those_who_await(*flow);
}

void Flows::come_due(const Due& due) {
  if (last_due_.get() == &due) last_due_ = nullptr;
  if (is_stopped_) return;
  for (const FlowPtr& flow : due.flows) {
    if (is_simgrids_) {
      leave_to_simgrid(flow);
      continue;
    }
    const auto number = static_cast<std::size_t>(links_.begin(path(*flow).links, flow->on_wire));
    if (number >= moving_.size()) moving_.resize(number + 1);
    moving_[number] = flow;
    share_soon();
  }
}

/// When all else of this instant is done.
void Flows::share_soon() {
  if (std::exchange(is_to_share_, true)) return;
  agenda_.at(
      now(), [this] { share(); }, Agenda::after_all);
}

void Flows::share() {
  is_to_share_ = false;
  if (is_stopped_) return;
  const Seconds now = agenda_.now();
  for (const int number : links_.take_ended(now))
    arrive(std::exchange(moving_[static_cast<std::size_t>(number)], {}), now);
  const Seconds next = links_.share(now);
  ++shares_;
  if (next == Flow::never) return;
  const auto end = [this, foreseen = shares_] {
    if (foreseen == shares_) share();
  };
  agenda_.at(std::max(now, next), end, Agenda::after_all);
}

/// A sender that is busy, or has set off as many as one actor should, gets somebody to set its flows off.
void Flows::leave_to_simgrid(const FlowPtr& flow) {
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
  while (flow->comm == nullptr && flow->arrival == Flow::never) sleep(end);
  end.awaited = nullptr;
  if (flow->comm == nullptr) return flow->arrival;
  if (flow->from == rank) {
    flow->comm->wait();
    if (flow->is_own) --end.own;
    return now();
  }
  Flow* received = nullptr;
  flow->mailbox->get_async<Flow>(&received)->wait();
  end.mailboxes.push_back(flow->mailbox);
  return now();
}

void Flows::sleep_until(Seconds time, int rank) {
  if (time <= now()) return;
  rouse_at(time, rank);
  while (now() < time) sleep(rank);
}

void Flows::rouse_at(Seconds time, int rank) {
  agenda_.at(
      time, [this, &end = ends_[static_cast<std::size_t>(rank)]] { rouse(end); }, rank);
}

/// Until somebody rouses the actor: what it waits for has come about, or a flow from its rank is due, which it then
/// sets off. SimGrid suspends an actor faster than it lets it wait for a semaphore. Where flows are SimGrid's, actors
/// rouse each other, many at one instant, which a semaphore does at once.
void Flows::sleep(End& end) {
  end.sleeps = true;
  if (is_simgrids_) {
    end.wake->acquire();
  } else {
    sg4::this_actor::suspend();
  }
  for (const FlowPtr& own : set_off(end, most_an_actor_ - std::min(end.own, most_an_actor_))) {
    own->is_own = true;
    ++end.own;
  }
}

void Flows::rouse(End& end) {
  if (!std::exchange(end.sleeps, false)) return;
  if (is_simgrids_) return end.wake->release();
  if (sg4::this_actor::is_maestro()) return end.actor->resume();
  // By an actor while another goes to sleep at the same instant, SimGrid would make that one run twice.
  agenda_.at(now(), [&end] { end.actor->resume(); });
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
