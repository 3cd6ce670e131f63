#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sim/network/transport.hpp"
#include "sim/simgrid/flow.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// What one rank sends in an all-to-all: a message each to the ranks after it in turn, by offset, or none. Messages are
/// flows; those of a stream, all short, leave one after another without a pause, and take no more than two times each.
class Row {
 public:
  /// A short message's way.
  struct Passage {
    Seconds left;                   ///< when it leaves its sender
    Seconds arrival = Flow::never;  ///< once it has passed the links
  };

  /// Of one of so many ranks.
  Row(int rank, int ranks) : rank_(rank), ranks_(ranks) {}

  /// For the next rank.
  void add(std::optional<Payload> payload);

  /// The rank with that offset, and the offset of a rank.
  int to(int offset) const { return (rank_ + offset) % ranks_; }
  int offset_of(int rank) const { return (rank - rank_ + ranks_) % ranks_; }
  int rank() const { return rank_; }
  int ranks() const { return ranks_; }

  /// Null where there is no message.
  const Payload* payload(int offset) const {
    const Run& run = run_of(offset);
    return run.payload ? &*run.payload : nullptr;
  }

  /// The next offset from this one on that has a message; ranks(): none.
  int next_message(int offset) const {
    while (offset < ranks_) {
      const Run& run = run_of(offset);
      if (run.payload) return offset;
      offset = run.end;
    }
    return ranks_;
  }

  /// Of the longest message.
  Bytes most() const { return most_; }

  /// How many there are, and of how many bytes together.
  std::size_t messages() const { return messages_; }
  std::uint64_t bytes() const { return bytes_; }

  bool is_stream() const { return !passages_.empty(); }

  /// Its messages leave one after another, the first at `time`; each takes what `time_of` says of its size. Returns
  /// when the last one is out.
  template <class TimeOf>
  Seconds stream(Seconds time, const TimeOf& time_of) {
    passages_.reserve(static_cast<std::size_t>(ranks_ - 1));
    for (const Run& run : runs_) {
      const Seconds each = run.payload ? time_of(Bytes(static_cast<double>(run.payload->size()))) : Seconds(0);
      while (static_cast<int>(passages_.size()) + 1 < run.end) {
        passages_.push_back({time});
        time += each;
      }
    }
    return time;
  }
  Passage& passage(int offset) { return passages_[static_cast<std::size_t>(offset - 1)]; }

  /// Null where the message is none.
  const FlowPtr& flow(int offset) const {
    static const FlowPtr none;
    return flows_.empty() ? none : flows_[static_cast<std::size_t>(offset - 1)];
  }
  FlowPtr make_flow(int offset);

 private:
  /// Offsets with payloads alike, behind those of the run before.
  struct Run {
    int end;
    std::optional<Payload> payload;
  };

  const Run& run_of(int offset) const {
    return *std::upper_bound(runs_.begin(), runs_.end(), offset, [](int of, const Run& run) { return of < run.end; });
  }

  int rank_;
  int ranks_;
  std::vector<Run> runs_;
  Bytes most_;
  std::size_t messages_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<Passage> passages_;  ///< by offset; empty but in a stream
  std::vector<FlowPtr> flows_;     ///< by offset, where there are any
};

/// One call of Transport::all_to_all by all ranks. They are not matched message by message, and a rank that receives
/// streams sleeps until the last of its messages is on its links: what it then waited for is arithmetic.
class AllToAll {
 public:
  explicit AllToAll(int ranks);

  Row& row(int rank) { return rows_[static_cast<std::size_t>(rank)]; }

  /// `rank` is ready to receive from those that send to it, so many.
  void expect(int rank, int senders) { receiver(rank).expected = senders; }

  /// `rank` is ready to receive from ranks up to this many before it.
  void post(int rank, int offset) { receiver(rank).posted = offset; }
  bool awaits(int rank, int offset) const { return receivers_[static_cast<std::size_t>(rank)].posted >= offset; }

  /// `rank` waits for the message of that one, or nobody's.
  static constexpr int nobody = -1;
  void await(int rank, int sender) { receiver(rank).awaited = sender; }
  bool is_awaited(int rank, int sender) const { return receivers_[static_cast<std::size_t>(rank)].awaited == sender; }

  /// The row of `rank` is sent up to this offset.
  void send(int rank, int offset) { receiver(rank).sent_to = offset; }
  bool is_sent(int rank, int offset) { return receiver(rank).sent_to >= offset; }

  struct Rousing {
    int rank;
    Seconds time;
  };

  /// All of the row of `rank` is sent. Returns which others may go on, and when: they waited for it, or know now when
  /// all their messages leave.
  std::vector<Rousing> sent(int rank, Seconds now);

  bool is_known(int rank) { return receiver(rank).expected == receiver(rank).sent; }

  /// When the last of its messages leaves its sender, where that is known.
  Seconds last(int rank) { return receiver(rank).last; }

  /// True for the last rank that leaves.
  bool leave() { return ++left_ == static_cast<int>(rows_.size()); }

 private:
  /// A rank.
  struct Receiver {
    int posted = 0;
    int expected = -1;  ///< not ready
    int sent = 0;       ///< rows with a message for it
    int awaited = nobody;
    int sent_to = 0;  ///< of its own row
    Seconds last;
  };
  Receiver& receiver(int rank) { return receivers_[static_cast<std::size_t>(rank)]; }

  std::vector<Row> rows_;
  std::vector<Receiver> receivers_;
  int left_ = 0;
};

}  // namespace simrun
