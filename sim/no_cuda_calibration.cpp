// For builds without CUDA.

#include "sim/calibration_target.hpp"

namespace simrun {

std::unique_ptr<CalibrationTarget> make_cuda_calibration_target(const CudaDevice&) {
  throw CalibrationError(why_no_cuda());
}

}  // namespace simrun
