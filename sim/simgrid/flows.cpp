#include "sim/simgrid/flows.hpp"

#include <string>
#include <utility>

// After s4u.hpp, whose macros it needs.
#include <simgrid/kernel/Timer.hpp>

#include "sim/simgrid/platform.hpp"

namespace simrun {

namespace sg4 = simgrid::s4u;

bool Flow::lasts_beyond(Seconds time) const {
  const bool has_arrived = comm != nullptr && comm->get_finish_time() >= 0;
  return !has_arrived || comm->get_finish_time() > time.value;
}

Flows::Flows(const Network& network, const std::vector<sg4::Host*>& hosts)
    : passes_latency_(network.model != Network::Model::lv08) {
  for (sg4::Host* host : hosts) ends_.push_back({host, nullptr, sg4::Semaphore::create(0), false, {}, {}, {}});
}

void Flows::start(const FlowPtr& flow) {
  ++started_;
  flow->left = Seconds(sg4::Engine::get_clock());
  const Seconds latency = find_route(*ends_[flow->from].host, *ends_[flow->to].host).latency;
  at(passes_latency_ ? flow->left + latency : flow->left, [this, flow] {
    if (!is_stopped_) come_due(flow);
  });
}

void Flows::at(Seconds time, std::function<void()> what) {
  simgrid::kernel::timer::Timer::set(time.value, std::move(what));
}

/// A sender that is busy, or in the middle of another flow, gets somebody to set its flows off.
void Flows::come_due(const FlowPtr& flow) {
  End& from = ends_[flow->from];
  from.due.push_back(flow);
  if (from.is_asleep) return rouse(from);
  if (from.due.size() > 1) return;
  sg4::Actor::create("sender", from.host, [this, &from] {
    for (const FlowPtr& own : set_off(from)) own->comm->wait();
  });
}

void Flows::wait(const FlowPtr& flow, int rank) {
  End& end = ends_[static_cast<std::size_t>(rank)];
  while (flow->comm == nullptr) sleep(end);
  if (flow->from == rank) {
    flow->comm->wait();
    return;
  }
  Flow* received = nullptr;
  flow->mailbox->get_async<Flow>(&received)->wait();
  end.mailboxes.push_back(flow->mailbox);
}

/// Until a flow of this rank sets off, or one to it.
void Flows::sleep(End& end) {
  end.is_asleep = true;
  end.wake->acquire();
  for (const FlowPtr& flow : set_off(end)) {
    if (flow->is_buffered) end.unattended.push_back(flow);
  }
  const Seconds now(sg4::Engine::get_clock());
  while (!end.unattended.empty() && !end.unattended.front()->lasts_beyond(now)) {
    end.unattended.front()->comm->wait();  // takes it off SimGrid's list
    end.unattended.pop_front();
  }
}

void Flows::rouse(End& end) {
  if (!std::exchange(end.is_asleep, false)) return;
  end.wake->release();
}

/// What is due, by an actor on the host of this end.
std::vector<FlowPtr> Flows::set_off(End& end) {
  std::vector<FlowPtr> flows = std::exchange(end.due, {});
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
    rouse(to);
  }
  rouse(end);
  return flows;
}

}  // namespace simrun
