#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_error.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

/// A GPU that simrun can use: compute capability 7.5 or more.
struct CudaDevice {
  int number = 0;    ///< as the CUDA runtime counts
  std::string name;  ///< "NVIDIA H200"
  std::string uuid;  ///< "GPU-01234567-89ab-cdef-0123-456789abcdef", as nvidia-smi prints it
  int multiprocessors = 0;
  int clock_khz = 0;  ///< nominal
};

/// The GPUs of this machine, in the order of their numbers; empty where there is none. Asks the driver, and leaves no
/// context behind: processes may be forked later. Throws nothing.
std::vector<CudaDevice> cuda_devices();

/// Why cuda_devices() is empty, as a clause: "this simrun was built without CUDA". Empty where it is not.
std::string why_no_cuda();

/// The operations on a GPU, for arrays in the processor's memory, which are copied there and back. For the thread that
/// calls this, which may use one GPU at a time. Throws CudaError, in a build without CUDA always; so do the operations
/// where the GPU fails.
std::unique_ptr<const Primitives> make_cuda_primitives(const CudaDevice& device);

}  // namespace simrun
