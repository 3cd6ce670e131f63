#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "sim/simgrid/earliest.hpp"
#include "sim/text/units.hpp"

namespace simrun {

/// Links, and flows of bytes over them that share them max-min fairly: all flows grow alike until a link is full; those
/// on it stop there, the others go on (progressive filling). Ends of flows that lie within a nanosecond are one.
///
/// Where a flow begins or ends, shares are found anew for those flows alone that it may change. Say that a level is the
/// rate at which a full link stops its flows. Filling does not see the change before it reaches the level at which the
/// flow was stopped, or the least one at which it can be. So flows below that level stay, and so does what no flow
/// above it joins to the flow's links.
///
/// A flow has the share of one full link, its owner. All flows of an owner get equally many bytes: it counts these, and
/// a flow is known by what the count will be when it ends. So nothing is done for a flow whose rate changes while its
/// owner stays.
class FairLinks {
 public:
  /// A link; `is_shared`: else each flow has all of it. Returns its number, counted from 0.
  int add(BytesPerSecond capacity, bool is_shared);

  BytesPerSecond capacity(int link) const { return BytesPerSecond(links_[static_cast<std::size_t>(link)].capacity); }
  bool is_shared(int link) const { return links_[static_cast<std::size_t>(link)].is_shared; }

  /// A flow of `size` begins over these links, at least one. Returns its number, which is free again when it has ended.
  int begin(std::span<const int> links, Bytes size);

  /// Takes off the flows that have ended by `now`, which never goes back; returns their numbers, ascending.
  std::vector<int> take_ended(Seconds now);

  /// Shares the links among the flows there are, from `now` on. Returns when the next one ends; infinity: none.
  Seconds share(Seconds now);

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  static constexpr int nobody = -1;

  /// A flow on a link.
  struct Entry {
    double end;  ///< what the link's count will be when the flow ends; of flows that it owns
    int flow;
    int other;  ///< the flow's other link; nobody: it does not have two
  };

  /// What its flows' other links are asked for lies in one line of the cache.
  struct alignas(64) Link {
    // While shares are found.
    double taken = 0;         ///< rate of its flows that are stopped by others
    std::size_t growing = 0;  ///< its flows that are not stopped
    bool is_affected = false;
    bool is_full = false;

    bool is_shared = true;
    bool is_for_one = false;
    bool knows_next = true;
    double capacity = 0;
    double count = 0;                 ///< bytes that each flow it owns has got, until `since`
    Seconds since = {};               ///< a time
    double next = infinity;           ///< the least `end`
    std::size_t own = 0;              ///< flows that it owns
    std::vector<Entry> entries = {};  ///< these first
  };

  /// Where a flow is: an entry of a link.
  struct Place {
    int link;
    std::size_t at;
  };

  struct Flow {
    std::vector<Place> places;  ///< by link of its route
    int owner = nobody;         ///< which of these
    double size = 0;            ///< bytes
    std::uint64_t stopped = 0;  ///< in which round of filling last; unless it has two links
  };

  Link& link(int number) { return links_[static_cast<std::size_t>(number)]; }
  double& level(int number) { return levels_[static_cast<std::size_t>(number)]; }
  Flow& flow(int number) { return flows_[static_cast<std::size_t>(number)]; }
  int link_for_one(double limit);
  std::span<const int> affected() const { return {affected_.data(), affected_count_}; }
  void affect(int number, bool really = true);
  double rate(const Flow& of) const;
  void remove(int number);
  void erase(Place place);
  void disown(Place place);
  void swap(int number, std::size_t a, std::size_t b);
  void advance(int number, Seconds now);
  void find_affected();
  void fill();
  void stop(int number, double at_level);
  void hand_on(Place from, double at_level);
  bool is_growing(const Entry& entry) const;
  void own(Place place);
  void settle(Seconds now);

  std::vector<Link> links_;
  std::vector<double> levels_;  ///< by link: the rate at which it stops flows; infinity: it is not full
  std::vector<Flow> flows_;
  std::vector<int> free_flows_;
  std::vector<int> free_links_;  ///< that were one flow's alone
  std::vector<int> affected_;    ///< links, the first so many; one more than there are links
  std::size_t affected_count_ = 0;
  double threshold_ = infinity;  ///< the level below which nothing has changed
  std::uint64_t round_ = 0;      ///< of filling
  Earliest filling_;             ///< links that may be full, by a level that they reach at least
  Earliest ends_;                ///< of links' next flows
};

}  // namespace simrun
