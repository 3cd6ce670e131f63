// For builds without CUDA.

#include "kernels/cuda/cuda.hpp"
#include "kernels/cuda/cuda_bench.hpp"

namespace simrun {

std::vector<CudaDevice> cuda_devices() {
  return {};
}

std::string why_no_cuda() {
  return "this simrun was built without CUDA";
}

std::unique_ptr<const Primitives> make_cuda_primitives(const CudaDevice&) {
  throw CudaError(why_no_cuda());
}

std::unique_ptr<CudaBench> make_cuda_bench(const CudaDevice&) {
  throw CudaError(why_no_cuda());
}

}  // namespace simrun
