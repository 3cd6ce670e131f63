#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/devices/device_profile.hpp"

namespace simrun {

/// From the least to the most that was asked for.
struct Extent {
  double least;
  double most;

  void include(const Extent& other);
};

/// Which part of a profile's tables was used: by operation, the extent along each of its axes.
using UsedExtents = std::map<std::string, std::vector<Extent>>;

/// Makes `all` cover `more` as well.
void include(UsedExtents& all, const UsedExtents& more);

/// The times of one device in one simulation. Remembers what it was asked for.
///
/// From a payload to seconds: top-k keeps 100,000 of 25,000,000 values. steps_of({.stage = Stage::encode, .kind =
/// PayloadKind::pairs, .index = IndexCoding::raw32, .elements = 25e6, .entries = 100e3}) is one step, "encode.pairs"
/// once, and adds "index-encode.bitmap" where indices go as a bitmap. The profile `p102-100` has "encode.pairs" as 6.3
/// ns an element, whatever the density: 25e6 * 6.3 ns = 157.5 ms.
class DeviceTimes {
 public:
  explicit DeviceTimes(const DeviceProfile& profile) : profile_(profile) {}

  Seconds of(const Work& work);

  const UsedExtents& used() const { return used_; }

  /// How far all that was asked for may be off, as if all of it were off to the same side. Exactly 1 to 1 where nothing
  /// is known to be off.
  Band band() const;

 private:
  const DeviceProfile& profile_;
  UsedExtents used_;
  Seconds sum_;
  Seconds shorter_;  ///< by how much the sum may be
  Seconds longer_;
};

}  // namespace simrun
