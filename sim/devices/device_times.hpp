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
