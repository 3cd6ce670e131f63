#include "kernels/cuda/cuda.hpp"
#include "kernels/cuda/cuda_machine.cuh"
#include "kernels/cuda/kernel_primitives.hpp"

namespace simrun {

std::unique_ptr<const Primitives> make_cuda_primitives(const CudaDevice& device) {
  using cuda::CudaMachine;
  return std::make_unique<cuda::KernelPrimitives<CudaMachine>>(std::make_unique<CudaMachine>(device.number));
}

namespace cuda {

// Selections from residuals to which gradients of 16 bits are added.
template __global__ void run_kernel(const SelectTopK<Half>);
template __global__ void run_kernel(const SelectTopK<BFloat16>);

}  // namespace cuda
}  // namespace simrun
