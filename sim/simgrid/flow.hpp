#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstddef>
#include <limits>
#include <simgrid/s4u.hpp>

#include "sim/network/transport.hpp"
#include "sim/text/units.hpp"

namespace simrun {

struct Flow;
/// Counts without locking: SimGrid runs one actor at a time.
using FlowPtr = boost::intrusive_ptr<Flow>;

/// A message between two ranks, from the moment that either of them asks for it until it has arrived. Millions come and
/// go: their memory comes from a pool.
struct Flow : boost::intrusive_ref_counter<Flow, boost::thread_unsafe_counter> {
  static constexpr Seconds never{std::numeric_limits<double>::infinity()};

  bool is_sent = false;      ///< the sender has started to send it
  bool is_awaited = false;   ///< the receiver has started to receive it
  bool is_own = false;       ///< set off by the sender's own actor
  bool is_buffered = false;  ///< complete for its sender at once
  int from = 0;
  int to = 0;
  Bytes size;                  ///< of the message
  Bytes on_wire;               ///< what takes time on links
  Seconds left;                ///< when it left its sender; latency comes after that
  Seconds arrival = never;     ///< once it is known, of one that SimGrid does not move
  Seconds known;               ///< since when it is
  FlowPtr successor;           ///< while it is unmatched: the next one of its ends and tag
  simgrid::s4u::CommPtr comm;  ///< of one that SimGrid moves; null until it is due

  simgrid::s4u::Mailbox* mailbox = nullptr;  ///< through which `comm` goes
  Message message;

  /// When it arrived; `never` while that is not known.
  Seconds end() const;

  /// True if it had not arrived by `time`.
  bool lasts_beyond(Seconds time) const { return end() > time; }

  static void* operator new(std::size_t size);
  static void operator delete(void* place, std::size_t size) noexcept;
};

}  // namespace simrun
