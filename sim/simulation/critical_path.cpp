#include "sim/simulation/critical_path.hpp"

#include <algorithm>
#include <map>

namespace simrun {
namespace {

/// Two moments are one if they differ by less.
constexpr Seconds moment(1e-9);

PathPiece::Kind kind_of(Activity activity) {
  switch (activity) {
    case Activity::compute:
      return PathPiece::Kind::compute;
    case Activity::encode:
      return PathPiece::Kind::encode;
    case Activity::staging:
      return PathPiece::Kind::staging;
    case Activity::decode:
      return PathPiece::Kind::decode;
    case Activity::communication:
      break;
  }
  return PathPiece::Kind::other;
}

/// Something a rank did that ended at a moment.
struct Ended {
  PathPiece piece;
  int next_rank;      ///< where the path goes on
  Seconds next_time;  ///< from when, backwards
};

class PathSearch {
 public:
  PathSearch(const Times& times, const MessageLog& log, Bytes eager_limit) {
    for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
      for (const Span& span : times.spans[rank]) {
        if (span.activity == Activity::communication) continue;
        const int here = static_cast<int>(rank);
        add(here, span.end, {{kind_of(span.activity), here, here, span.begin, span.end}, here, span.begin});
      }
    }
    for (const SendWait& each : log.send_waits()) send_waits_[each.rank].push_back(each);
    for (const Delivery& each : log.deliveries()) {
      if (each.done - each.awaited < moment) continue;  // it was not waited for
      const bool is_late = static_cast<double>(each.bytes) > eager_limit.value && each.ready > each.sent;
      const Seconds begin = is_late ? each.ready : each.sent;
      add(each.to, each.done,
          {{PathPiece::Kind::transfer, each.to, each.from, begin, each.done}, is_late ? each.to : each.from, begin});
    }
  }

  std::vector<PathPiece> path(int rank, Seconds end, Seconds begin) const {
    std::vector<PathPiece> pieces;
    Seconds at = end;
    while (at > begin + moment) {
      const Ended* found = last_of(rank, at);
      if (found == nullptr || found->piece.end <= begin + moment) {
        add_gap(rank, begin, at, pieces);
        break;
      }
      if (at - found->piece.end > moment) add_gap(rank, found->piece.end, at, pieces);
      pieces.push_back(found->piece);
      pieces.back().begin = std::max(begin, found->piece.begin);
      rank = found->next_rank;
      at = found->next_time;
    }
    std::ranges::reverse(pieces);
    return pieces;
  }

 private:
  using ByEnd = std::multimap<Seconds, Ended>;

  void add(int rank, Seconds end, const Ended& ended) { ended_[rank].emplace(end, ended); }

  /// Time in which nothing else of the rank is on the path, the last piece first: waits for sends, and what is left.
  void add_gap(int rank, Seconds begin, Seconds end, std::vector<PathPiece>& pieces) const {
    const auto of_rank = send_waits_.find(rank);
    if (of_rank != send_waits_.end()) {
      const std::vector<SendWait>& waits = of_rank->second;
      const auto ends_before = [](const SendWait& wait, Seconds time) { return wait.end <= time; };
      for (auto next = std::lower_bound(waits.begin(), waits.end(), end + moment, ends_before);
           next != waits.begin() && (--next)->end > begin + moment;) {
        const Seconds until = std::min(end, next->end);
        if (end - until > moment) pieces.push_back({PathPiece::Kind::other, rank, rank, until, end});
        end = std::max(begin, next->begin);
        pieces.push_back({PathPiece::Kind::send, rank, rank, end, until});
      }
    }
    if (end - begin > moment) pieces.push_back({PathPiece::Kind::other, rank, rank, begin, end});
  }

  /// What ended last on the rank by then; of several at one moment what began last.
  const Ended* last_of(int rank, Seconds at) const {
    const auto of_rank = ended_.find(rank);
    if (of_rank == ended_.end()) return nullptr;
    const Ended* best = nullptr;
    for (auto next = of_rank->second.upper_bound(at + moment); next != of_rank->second.begin();) {
      --next;
      const Ended& ended = next->second;
      if (best != nullptr && ended.piece.end < best->piece.end - moment) break;
      // Backwards only: what takes no time leads nowhere.
      if (ended.next_time >= at - Seconds(1e-15)) continue;
      if (best == nullptr || ended.piece.begin > best->piece.begin) best = &ended;
    }
    return best;
  }

  std::map<int, ByEnd> ended_;
  std::map<int, std::vector<SendWait>> send_waits_;  ///< by rank, in order of time
};

}  // namespace

const char* name_of(PathPiece::Kind kind) {
  constexpr const char* names[] = {"compute", "encode", "staging", "decode", "transfer", "send", "other"};
  return names[static_cast<int>(kind)];
}

std::vector<PathPiece> critical_path(const Times& times, const MessageLog& log, Bytes eager_limit) {
  int last = 0;
  Seconds end;
  for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
    if (times.spans[rank].empty() || times.spans[rank].back().end <= end + moment) continue;
    end = times.spans[rank].back().end;
    last = static_cast<int>(rank);
  }
  return PathSearch(times, log, eager_limit).path(last, end, end - times.iteration);
}

}  // namespace simrun
