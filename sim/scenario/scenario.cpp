#include "sim/scenario/scenario.hpp"

namespace simrun {

Seconds Scenario::computing() const {
  return compute.forward + compute.backward + compute.update;
}

}  // namespace simrun
