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
  virtual ~CudaBench() = default;

  /// The operation with its inputs in the GPU's memory. It must not outlive the bench, nor the case's views.
  virtual std::unique_ptr<Operation> prepare(const OperationCase& work) = 0;

  /// Seconds from the start of the first kernel of a run to the end of the last, by the GPU's clock, begun with a
  /// second-level cache that holds none of its data and nothing to write back. The run is a graph of kernels, launched
  /// at once.
  virtual double time(Operation& operation) = 0;

  /// Seconds of copying so many bytes from one place in the GPU's memory to another.
  virtual double time_copy(std::uint64_t bytes) = 0;

  virtual std::uint64_t free_memory() const = 0;  ///< bytes

  /// What else a profile should say: compute capability, multiprocessors, cache, memory, clocks, driver, toolkit.
  virtual std::vector<std::pair<std::string, std::string>> conditions() = 0;
};

/// Throws CudaError, in a build without CUDA always.
std::unique_ptr<CudaBench> make_cuda_bench(const CudaDevice& device);

}  // namespace simrun
