#include "kernels/cuda/cuda.hpp"
#include "kernels/cuda/cuda_machine.cuh"
#include "kernels/cuda/kernel_primitives.hpp"

namespace simrun {

std::unique_ptr<const Primitives> make_cuda_primitives(const CudaDevice& device) {
  using cuda::CudaMachine;
  return std::make_unique<cuda::KernelPrimitives<CudaMachine>>(std::make_unique<CudaMachine>(device.number));
}

}  // namespace simrun
