#pragma once

#include <stdexcept>

namespace simrun {

/// A call of CUDA failed. The message names the call and the error.
struct CudaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace simrun
