#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/text/json_value.hpp"
#include "sim/text/where.hpp"

namespace simrun {

/// A hierarchy that does not fit a method or the number of workers, where another does.
class UnfitPoint : public InputError {
 public:
  /// `reason` is why, for any number of points.
  UnfitPoint(const Where& where, std::string_view wrong, std::string_view accepted, std::string reason)
      : InputError(where.file, where.path, wrong, accepted), reason_(std::move(reason)) {}

  const std::string& reason() const { return reason_; }

 private:
  std::string reason_;
};

/// What a sweep says of a point: values by key.
using SweptValues = std::vector<std::pair<std::string, JsonValue>>;

/// Points that a sweep over hierarchies leaves out, since theirs does not fit.
class UnfitPoints {
 public:
  /// False where the sweep does not say which hierarchy the point has: then it is a mistake.
  bool leave_out(const UnfitPoint& unfit, std::size_t method, const SweptValues& swept);

  /// How many points were left out, and why: a line for each reason.
  std::vector<std::string> notes() const;

 private:
  std::map<std::string, std::set<std::string>> points_;  ///< by reason
};

}  // namespace simrun
