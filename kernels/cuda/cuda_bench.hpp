#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/cuda.hpp"
#include "kernels/operation.hpp"

namespace simrun {

/// A GPU on which operations are timed, by one thread. A call that fails throws CudaError.
class CudaBench {
 public:
  explicit CudaBench(const CudaDevice& device);
  ~CudaBench();

  /// The operation with its inputs in the GPU's memory. It must not outlive the bench, nor the case's views.
  std::unique_ptr<Operation> prepare(const OperationCase& work);

  /// Seconds from the start of the first kernel of a run to the end of the last, by the GPU's clock, with inputs that
  /// its second-level cache does not hold. The run is a graph of kernels, launched at once.
  double time(Operation& operation);

  /// Seconds of copying so many bytes from one place in the GPU's memory to another.
  double time_copy(std::uint64_t bytes);

  std::uint64_t free_memory() const;  ///< bytes

  /// What else a profile should say: compute capability, multiprocessors, cache, memory, clocks, driver, toolkit.
  std::vector<std::pair<std::string, std::string>> conditions() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simrun
