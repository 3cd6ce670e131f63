#include "sim/calibrate.hpp"
namespace simrun {
void calibrate(const CalibrateArguments&) {}
}  // namespace simrun
