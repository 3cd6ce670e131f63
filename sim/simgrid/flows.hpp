#pragma once

#include <functional>
#include <memory>
#include <simgrid/s4u.hpp>
#include <utility>
#include <vector>

#include "sim/network/network.hpp"
#include "sim/simgrid/agenda.hpp"
#include "sim/simgrid/fair_links.hpp"
#include "sim/simgrid/flow.hpp"
#include "sim/simgrid/routes.hpp"

namespace simrun {

/// The messages on their way, from host to host. With `lv08` a flow is SimGrid's, latency included. With the other
/// models latency passes first, and flows then share links evenly (FairLinks), where SimGrid would share in proportion
/// to 1/latency. SimGrid runs one actor at a time, so nothing is locked.
class Flows {
 public:
  /// `hosts` by rank.
  Flows(const Network& network, const std::vector<simgrid::s4u::Host*>& hosts);

  /// The clock.
  Seconds now() const { return agenda_.now(); }

  /// The actor of `rank`: before its first flow.
  void set_actor(int rank, simgrid::s4u::ActorPtr actor) {
    ends_[static_cast<std::size_t>(rank)].actor = std::move(actor);
  }

  /// `flow` leaves its sender at `time`, now or later. Throws std::runtime_error where its ranks are not joined.
  void start(const FlowPtr& flow, Seconds time);

  /// `flow` arrives at `time`, which nothing changes any more: one that SimGrid does not move.
  void arrive(const FlowPtr& flow, Seconds time);

  /// The way that `flow` takes; its links are there until the next call. Throws std::runtime_error where its ranks are
  /// not joined.
  Path path(const Flow& flow) { return path(flow.from, flow.to); }
  Path path(int from, int to) { return routes_.between(from, to); }

  const FairLinks& links() const { return links_; }

  /// True if every host has a link of its own each way, and messages take no others.
  bool take_own_links() const { return routes_.are_own_links(); }

  /// True if SimGrid moves them.
  bool are_simgrids() const { return is_simgrids_; }

  /// Blocks the actor of `rank`, which sends or receives `flow`, until it is known when that arrives; returns when. A
  /// receiver waits once.
  Seconds wait(const FlowPtr& flow, int rank);

  /// Blocks the actor of `rank` until `time`.
  void sleep_until(Seconds time, int rank);

  /// Blocks the actor of `rank` until it is roused.
  void sleep(int rank) { sleep(ends_[static_cast<std::size_t>(rank)]); }

  /// Rouses the actor of `rank`, if it sleeps. It goes on at the same instant, maybe before this returns.
  void rouse(int rank) { rouse(ends_[static_cast<std::size_t>(rank)]); }

  /// Rouses the actor of `rank`, if it sleeps then, at `time`, now or later.
  void rouse_at(Seconds time, int rank);

  /// Does `what` at `time`, now or later.
  void at(Seconds time, std::function<void()> what) { agenda_.at(time, std::move(what)); }

  /// No flow sets off any more.
  void stop() { is_stopped_ = true; }

 private:
  /// A rank's end of its flows.
  struct End {
    simgrid::s4u::Host* host;
    simgrid::s4u::ActorPtr actor;
    simgrid::s4u::SemaphorePtr wake;                     ///< of its actor, where flows are SimGrid's
    const Flow* awaited = nullptr;                       ///< for which its actor waits
    bool sleeps = false;                                 ///< its actor, which may be roused
    std::vector<FlowPtr> due = {};                       ///< for SimGrid to move
    std::vector<simgrid::s4u::Mailbox*> mailboxes = {};  ///< to this rank, free ones
    std::size_t own = 0;                                 ///< SimGrid's that its actor set off and has not seen end
  };

  /// Flows that become due at one time.
  struct Due {
    Seconds time;
    std::vector<FlowPtr> flows;
  };

  void come_due(const Due& due);
  void share_soon();
  void share();
  void leave_to_simgrid(const FlowPtr& flow);
  void sleep(End& end);
  void rouse(End& end);
  void rouse_those_who_await(const Flow& flow);
  void call_sender(End& from);
  std::vector<FlowPtr> set_off(End& end, std::size_t most);

  /// Flows that one actor sets off: SimGrid keeps a list of them and searches all of it at every end. But every actor
  /// takes a stack, of which a process has no more than some ten thousand.
  std::size_t most_an_actor_;
  bool is_simgrids_;  ///< the flows are
  Agenda agenda_;
  std::vector<End> ends_;  ///< by rank
  FairLinks links_;
  Routes routes_;
  std::vector<FlowPtr> moving_;    ///< by number of `links_`
  std::shared_ptr<Due> last_due_;  ///< that was put into the agenda
  bool is_to_share_ = false;       ///< at this instant, the agenda knows
  std::uint64_t shares_ = 0;       ///< that were found so far: ends that were foreseen before have changed
  int mailboxes_ = 0;
  bool is_stopped_ = false;
};

}  // namespace simrun
