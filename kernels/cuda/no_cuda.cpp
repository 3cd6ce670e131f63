// For builds without CUDA.

#include "kernels/cuda/cuda.hpp"

namespace simrun {

std::vector<CudaDevice> cuda_devices() {
  return {};
}

std::string why_no_cuda() {
  return "this simrun was built without CUDA";
}

}  // namespace simrun
