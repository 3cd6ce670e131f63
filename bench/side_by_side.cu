#include <cuda/std/__cccl/version.h>
#include <cub/device/device_radix_sort.cuh>
#if CCCL_VERSION >= 3002000
#include <cub/device/device_topk.cuh>
#endif

#include "bench/side_by_side.hpp"
#include "bench/side_by_side_error.hpp"
#include "kernels/cuda/chunked_top_k.hpp"
#include "kernels/cuda/cuda_machine.cuh"
#include "kernels/cuda/signs.hpp"
#include "kernels/cuda/top_k.hpp"

using simrun::guarded;
using namespace simrun::cuda;

namespace {

/// Launches on a stream of the caller's.
CudaMachine machine_on(void* stream) {
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  return CudaMachine(device, static_cast<cudaStream_t>(stream));
}

}  // namespace

std::uint64_t simrun_cuda_workspace(std::uint64_t size, std::uint64_t k) {
  return TopKWorkspace::bytes(size, k);
}

int simrun_cuda_prepare(void* stream, void* workspace, std::uint64_t size, std::uint64_t k) {
  return guarded([&] {
    CudaMachine machine = machine_on(stream);
    Carver carver(workspace);
    TopKWorkspace::carve(carver, size, k).selection.prepare(machine);
  });
}

int simrun_cuda_top_k(void* stream, void* workspace, const float* gradient, float* residual, std::uint64_t size,
                      std::uint64_t k, std::uint32_t* indices, float* values) {
  return guarded([&] {
    CudaMachine machine = machine_on(stream);
    Carver carver(workspace);
    launch_top_k(machine, TopK<float>{gradient, residual, size, k}, TopKWorkspace::carve(carver, size, k),
                 {indices, values, residual, true, nullptr});
  });
}

int simrun_cuda_chunked_top_k(void* stream, void* workspace, const float* gradient, float* residual, std::uint64_t size,
                              std::uint64_t chunk, std::uint64_t keeps, std::uint32_t* words, float* values) {
  return guarded([&] {
    CudaMachine machine = machine_on(stream);
    const simrun::Chunking chunking{static_cast<std::uint32_t>(chunk), static_cast<std::uint32_t>(keeps)};
    launch_chunked_top_k(machine, ChunkedTopK<float>{gradient, residual, size, chunking, words, values,
                                                     static_cast<std::uint64_t*>(workspace)});
  });
}

int simrun_cuda_pack_signs(void* stream, void* workspace, const float* x, std::uint64_t size, std::uint32_t* words) {
  return guarded([&] {
    CudaMachine machine = machine_on(stream);
    launch_pack_signs(machine, x, Entries{size}, words, static_cast<std::uint64_t*>(workspace));
  });
}

int simrun_cub_sort(void* stream, void* workspace, std::uint64_t* workspace_bytes, const float* keys,
                    const std::uint32_t* values, std::uint64_t size, float* sorted_keys, std::uint32_t* sorted_values) {
  return guarded([&] {
    std::size_t bytes = *workspace_bytes;
    check(cub::DeviceRadixSort::SortPairsDescending(workspace, bytes, keys, sorted_keys, values, sorted_values,
                                                    static_cast<std::int64_t>(size), 0, 32,
                                                    static_cast<cudaStream_t>(stream)),
          "cub::DeviceRadixSort");
    *workspace_bytes = bytes;
  });
}

#if CCCL_VERSION >= 3002000

int simrun_cub_top_k(void* stream, void* workspace, std::uint64_t* workspace_bytes, const float* keys,
                     const std::uint32_t* values, std::uint64_t size, std::uint64_t k, float* top_keys,
                     std::uint32_t* top_values) {
  return guarded([&] {
    std::size_t bytes = *workspace_bytes;
    const auto requirements = ::cuda::execution::require(::cuda::execution::determinism::not_guaranteed,
                                                         ::cuda::execution::output_ordering::unsorted);
    const auto environment =
        ::cuda::std::execution::env{::cuda::stream_ref{static_cast<cudaStream_t>(stream)}, requirements};
    check(cub::DeviceTopK::MaxPairs(workspace, bytes, keys, top_keys, values, top_values,
                                    static_cast<std::int64_t>(size), static_cast<std::int64_t>(k), environment),
          "cub::DeviceTopK");
    *workspace_bytes = bytes;
  });
}

#else

int simrun_cub_top_k(void*, void*, std::uint64_t*, const float*, const std::uint32_t*, std::uint64_t, std::uint64_t,
                     float*, std::uint32_t*) {
  return guarded([] { throw std::runtime_error("this CUB has no DeviceTopK (it came with CCCL 3.2)"); });
}

#endif
