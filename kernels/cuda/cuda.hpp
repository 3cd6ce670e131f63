#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/cuda/cuda_error.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

/// A GPU that this build of simrun can use.
struct CudaDevice {
  int number = 0;    ///< as the CUDA runtime counts
  std::string name;  ///< "NVIDIA H200"
  std::string uuid;  ///< "GPU-5fd4f087-86f3-7a43-b711-4771313afc50", as nvidia-smi prints it
};

/// The GPUs of this machine, in the order of their numbers; empty where there is none. Asks the driver, and leaves no
/// context behind: processes may be forked later. Throws nothing.
std::vector<CudaDevice> cuda_devices();

/// Why cuda_devices() is empty, as a clause: "this simrun was built without CUDA". Empty where it is not.
std::string why_no_cuda();

/// The operations on a GPU, for arrays in the processor's memory, which are copied there and back; by one thread at a
/// time. Throws CudaError, in a build without CUDA always; so do the operations where the GPU fails.
std::unique_ptr<const Primitives> make_cuda_primitives(const CudaDevice& device);

}  // namespace simrun
