#pragma once

#include <cstddef>
#include <vector>

#include "sim/simgrid/all_to_all.hpp"
#include "sim/simgrid/flows.hpp"
#include "sim/simgrid/stream_queue.hpp"

namespace simrun {

/// Short messages of the network model ethernet-tcp. A link lets them through one after another at its full rate, in
/// the order in which their first bytes come. What waits, waits in a switch, and holds nobody up.
///
/// Long messages are flows. A link does not carry both at once: a long one waits until the short ones are through that
/// came before it, and short ones that come while a long one is there are flows, too, and share the link with it.
///
/// Streams of short messages are behind the clock: what they do is found out when somebody asks, in the order in which
/// it happens. Only where there are long messages, which they may meet, do they keep up with it.
class ShortMessages {
 public:
  /// `flows` outlives this.
  explicit ShortMessages(Flows& flows) : flows_(flows) {}

  /// A short message leaves its sender now.
  void send(const FlowPtr& flow);

  /// The stream of `row`, whose hosts have own links, begins. At one instant its messages come before others.
  void begin(Row& row);

  /// What streams do until now is done.
  void catch_up();

  /// A long message is to leave its sender now: when the short ones before it are through its links.
  Seconds let_in(const FlowPtr& long_flow);

 private:
  struct Link {
    Seconds free_at;             ///< when the short messages are through
    std::vector<FlowPtr> longs;  ///< in the order in which they came
    std::size_t first = 0;       ///< of them: those before have ended

    bool has_long(Seconds now);
  };

  /// The first byte of `flow` comes to the links of `path` now; its last one is through those before at `end`.
  void pass(const FlowPtr& flow, Path path, Seconds end);
  bool is_with_long(Path path, Seconds now);
  void pass(const StreamQueue::Event& event);
  void leave(Row& row, int offset);
  void follow();
  Link& link(int number);

  Flows& flows_;
  std::vector<Link> links_;         ///< by number
  StreamQueue leaving_;             ///< the next message of each stream
  bool has_longs_ = false;          ///< or has had
  Seconds followed_ = Flow::never;  ///< when the agenda lets streams catch up next
};

}  // namespace simrun
