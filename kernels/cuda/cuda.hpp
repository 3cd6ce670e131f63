#pragma once

#include <string>
#include <vector>

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

}  // namespace simrun
