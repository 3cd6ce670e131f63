#pragma once

#include <string>

#include "sim/scenario/scenario_reader.hpp"
#include "sim/scenario/sweep.hpp"

namespace simrun {

/// Points as they would be with another value of a field.
class Variants {
 public:
  /// `file`: of the scenario that all points are of.
  explicit Variants(const std::string& file) : reader_(file) {}

  /// The point with `value` at the dotted path of its scenario. Throws InputError where that does not fit.
  Point at(const Point& point, const std::string& path, const Json& value);

 private:
  ScenarioReader reader_;
};

}  // namespace simrun
