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
  PathSearch(const Times& times, const std::vector<Delivery>& deliveries, Bytes eager_limit) {
    for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
      for (const Span& span : times.spans[rank]) {
        if (span.activity == Activity::communication) continue;
        const int here = static_cast<int>(rank);
        add(here, span.end, {{kind_of(span.activity), here, here, span.begin, span.end}, here, span.begin});
      }
    }
    for (const Delivery& each : deliveries) {
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
        pieces.push_back({PathPiece::Kind::other, rank, rank, begin, at});
        break;
      }
      if (at - found->piece.end > moment) pieces.push_back({PathPiece::Kind::other, rank, rank, found->piece.end, at});
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
};

}  // namespace

const char* name_of(PathPiece::Kind kind) {
  constexpr const char* names[] = {"compute", "encode", "staging", "decode", "transfer", "other"};
  return names[static_cast<int>(kind)];
}

std::vector<PathPiece> critical_path(const Times& times, const std::vector<Delivery>& deliveries, Bytes eager_limit) {
  int last = 0;
  Seconds end;
  for (std::size_t rank = 0; rank < times.spans.size(); ++rank) {
    if (times.spans[rank].empty() || times.spans[rank].back().end <= end + moment) continue;
    end = times.spans[rank].back().end;
    last = static_cast<int>(rank);
  }
  return PathSearch(times, deliveries, eager_limit).path(last, end, end - times.iteration);
}

}  // namespace simrun
