#pragma once

#include <algorithm>
#include <vector>

#include "sim/scheduling/group_table.hpp"

namespace simrun {

// How far everything is after the groups so far, in seconds, by the rules of execution (partition.hpp). Both kinds of
// clocks are such that whatever follows ends no earlier if no clock is earlier. `may_be_slack`: also that it ends later
// by no more than clocks are later.

/// Of workers that encode for themselves.
class FlatClocks {
 public:
  static constexpr bool may_be_slack = true;

  FlatClocks after(const BackwardPass& pass, std::size_t first, std::size_t last, const GroupTimes& group) const {
    FlatClocks next = *this;
    const double backward = pass.between(first, last);
    next.computed_ += backward + group.encode.value;
    next.sent_ = std::max(next.computed_, sent_) + group.exchange.value;
    next.decoded_ = std::max(decoded_, next.sent_) + group.decode.value;
    next.worked_ += backward + group.encode.value + group.decode.value;
    return next;
  }

  /// When all is decoded, if this is all.
  double end() const { return std::max(decoded_, worked_); }

  /// But for a `slack`.
  bool is_no_earlier_than(const FlatClocks& other, double slack) const {
    return computed_ + slack >= other.computed_ && sent_ + slack >= other.sent_ && decoded_ + slack >= other.decoded_ &&
           worked_ + slack >= other.worked_;
  }

  /// If all tensors are in groups.
  FlatClocks finished() const { return *this; }

  /// What no way to go on from some clocks can be faster than.
  class Bound {
   public:
    Bound(const GroupTable& groups, const BackwardPass& pass)
        : pass_(pass),
          exchange_(groups.least_behind([](const GroupTimes& each) { return each.exchange; })),
          work_(groups.least_behind([](const GroupTimes& each) { return each.encode + each.decode; })),
          encode_(groups.least_behind([](const GroupTimes& each) { return each.encode; })) {}

    double of(const FlatClocks& clocks, std::size_t place) const {
      const double backward = pass_.behind(place);
      const double sent = std::max(clocks.sent_, clocks.computed_) + exchange_[place];
      return std::max({clocks.worked_ + backward + work_[place], clocks.computed_ + backward + encode_[place], sent,
                       clocks.decoded_});
    }

   private:
    const BackwardPass& pass_;
    std::vector<double> exchange_;
    std::vector<double> work_;
    std::vector<double> encode_;
  };

 private:
  double computed_ = 0;  ///< backward pass and encoding
  double sent_ = 0;      ///< exchanges
  double decoded_ = 0;   ///< decoding, if only exchanges held it up
  double worked_ = 0;    ///< computing, encoding and decoding, if nothing held it up
};

/// Of workers that add up their host's gradients before they encode, and share what was decoded.
class HostClocks {
 public:
  static constexpr bool may_be_slack = false;  // a little later may be after the next tensor

  HostClocks after(const BackwardPass& pass, std::size_t first, std::size_t last, const GroupTimes& group) const {
    const double backward = pass.between(first, last);
    const double encode = group.encode.value;
    const double decode = group.decode.value;
    const double share = group.share.value;
    const double added_up = std::max(backward, lag_) + group.reduce.value;
    const double begin = encode > 0 ? pass.next_gap(first, added_up) : added_up;
    HostClocks next = *this;
    next.computed_ += backward + encode;
    next.lag_ = begin + group.exchange.value - backward;
    next.decoding_ += decode;
    next.sharing_ += share;
    next.closing_ = std::max(closing_, next.decoding_) + share;
    // Others are decoded while the last one is exchanged.
    const double encoded = computed_ + begin + encode;
    const double sent = encoded + group.exchange.value;
    next.end_if_last_ = std::max(
        {sent + next.sharing_, encoded + closing_ + share, std::max(encoded + decoding_, sent) + decode + share});
    return next;
  }

  double end() const { return end_; }

  bool is_no_earlier_than(const HostClocks& other, double slack) const {
    return computed_ + slack >= other.computed_ && lag_ + slack >= other.lag_ && decoding_ + slack >= other.decoding_ &&
           closing_ + slack >= other.closing_ && sharing_ + slack >= other.sharing_ && end_ + slack >= other.end_;
  }

  HostClocks finished() const {
    HostClocks all;
    all.end_ = end_if_last_;
    return all;
  }

  class Bound {
   public:
    Bound(const GroupTable& groups, const BackwardPass& pass)
        : pass_(pass),
          sent_(groups.least_behind(
              [](const GroupTimes& each) { return each.reduce + each.encode + each.exchange + each.share; })),
          work_(groups.least_behind([](const GroupTimes& each) { return each.encode + each.decode; })),
          closing_(groups.least_behind([](const GroupTimes& each) { return each.encode + each.share; })) {}

    double of(const HostClocks& clocks, std::size_t place) const {
      const double computed = clocks.computed_ + pass_.behind(place);
      return std::max({clocks.computed_ + clocks.lag_ + clocks.sharing_ + sent_[place],
                       computed + clocks.decoding_ + work_[place], computed + clocks.closing_ + closing_[place],
                       clocks.end_});
    }

   private:
    const BackwardPass& pass_;
    std::vector<double> sent_;
    std::vector<double> work_;
    std::vector<double> closing_;
  };

 private:
  double computed_ = 0;     ///< backward pass and encoding, if nothing held them up
  double lag_ = 0;          ///< exchanges are behind that
  double decoding_ = 0;     ///< how long all take to be decoded
  double closing_ = 0;      ///< how long, from when all is encoded, if only decoding holds up what is shared
  double sharing_ = 0;      ///< how long all take to be shared
  double end_if_last_ = 0;  ///< when all is shared, if this is all
  double end_ = 0;          ///< the same; once it is all
};

}  // namespace simrun
