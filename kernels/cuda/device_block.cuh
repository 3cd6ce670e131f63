#pragma once

#include <cooperative_groups.h>

#include <cub/block/block_scan.cuh>
#include <type_traits>

#include "kernels/cuda/block.hpp"

namespace simrun::cuda {

/// 32 threads that run in step; see block.hpp.
class DeviceWarp {
 public:
  /// The value of the lane that runs.
  template <class T>
  class PerLane {
   public:
    __device__ T& operator[](unsigned) { return value_; }
    __device__ const T& operator[](unsigned) const { return value_; }

   private:
    T value_;
  };

  __device__ unsigned number() const { return threadIdx.x / warp_lanes; }
  __device__ unsigned thread(unsigned) const { return threadIdx.x; }

  template <class Work>
  __device__ void each_lane(const Work& work) const {
    work(lane());
    __syncwarp();
  }

  template <class Predicate>
  __device__ std::uint32_t ballot(const Predicate& predicate) const {
    return __ballot_sync(all_lanes, predicate(lane()));
  }

  template <class T>
  __device__ T exclusive_sum(PerLane<T>& values) const {
    const T own = values[0];
    T inclusive = own;
    SIMRUN_UNROLL
    for (unsigned step = 1; step < warp_lanes; step *= 2) {
      const T below = __shfl_up_sync(all_lanes, inclusive, step);
      if (lane() >= step) inclusive += below;
    }
    values[0] = inclusive - own;
    return __shfl_sync(all_lanes, inclusive, warp_lanes - 1);
  }

  template <class T>
  __device__ T sum(const PerLane<T>& values) const {
    T total = values[0];
    SIMRUN_UNROLL
    for (unsigned step = warp_lanes / 2; step > 0; step /= 2) total += __shfl_xor_sync(all_lanes, total, step);
    return total;
  }

  template <class T>
  __device__ T largest(const PerLane<T>& values) const {
    T most = values[0];
    SIMRUN_UNROLL
    for (unsigned step = warp_lanes / 2; step > 0; step /= 2) {
      most = larger(most, __shfl_xor_sync(all_lanes, most, step));
    }
    return most;
  }

 private:
  static constexpr unsigned all_lanes = 0xFFFFFFFFU;

  __device__ static unsigned lane() { return threadIdx.x % warp_lanes; }
};

/// A block of threads on a GPU; see block.hpp.
template <unsigned Threads>
class DeviceBlock {
 public:
  static constexpr unsigned threads = Threads;

  /// The value of the thread that runs.
  template <class T>
  class PerThread {
   public:
    __device__ T& operator[](unsigned) { return value_; }
    __device__ const T& operator[](unsigned) const { return value_; }

   private:
    T value_;
  };

  __device__ unsigned number() const { return blockIdx.x; }
  __device__ unsigned count() const { return gridDim.x; }
  __device__ std::uint64_t global(unsigned t) const { return std::uint64_t{blockIdx.x} * Threads + t; }
  __device__ std::uint64_t grid_threads() const { return std::uint64_t{gridDim.x} * Threads; }

  template <class Work>
  __device__ void each_thread(const Work& work) const {
    work(threadIdx.x);
    __syncthreads();
  }

  template <class Work>
  __device__ void each_warp(const Work& work) const {
    DeviceWarp warp;
    work(warp);
    __syncthreads();
  }

  template <class Work>
  __device__ void once(const Work& work) const {
    if (threadIdx.x == 0) work();
    __syncthreads();
  }

  template <class T>
  __device__ T exclusive_sum(PerThread<T>& values) const {
    using Scan = cub::BlockScan<T, static_cast<int>(Threads), cub::BLOCK_SCAN_WARP_SCANS>;
    __shared__ typename Scan::TempStorage storage;
    T total;
    Scan(storage).ExclusiveSum(values[0], values[0], total);
    __syncthreads();
    return total;
  }

  __device__ bool last_to_arrive(std::uint32_t* counter) const {
    __shared__ bool last;
    __threadfence();  // what this thread wrote is visible before the block arrives
    __syncthreads();
    if (threadIdx.x == 0) last = atomicInc(counter, gridDim.x - 1) == gridDim.x - 1;
    __syncthreads();
    __threadfence();
    return last;
  }

  template <class T>
  __device__ T add(T* at, T value) const {
    return static_cast<T>(atomicAdd(native(at), native(value)));
  }

  template <class T>
  __device__ T take_max(T* at, T value) const {
    return static_cast<T>(atomicMax(native(at), native(value)));
  }

  template <class T>
  __device__ T take_or(T* at, T value) const {
    return static_cast<T>(atomicOr(native(at), native(value)));
  }

  template <class T>
  __device__ void put(T* at, T value) const {
    *static_cast<volatile T*>(at) = value;
  }

  template <class T>
  __device__ T read_fresh(const T* at) const {
    return static_cast<T>(__ldcg(native(at)));
  }

  __device__ Quad read_once(const Quad* at) const {
    const float4 values = __ldcs(reinterpret_cast<const float4*>(at));
    return {values.x, values.y, values.z, values.w};
  }

  __device__ WordQuad read_once(const WordQuad* at) const {
    const uint4 words = __ldcs(reinterpret_cast<const uint4*>(at));
    return {words.x, words.y, words.z, words.w};
  }

  template <class T>
  __device__ T read_once(const T* at) const {
    return static_cast<T>(__ldcs(native(at)));
  }

 private:
  /// CUDA's functions take unsigned long long, which is not what uint64_t is everywhere.
  template <class T>
  using Native = std::conditional_t<sizeof(T) == 8 && std::is_integral_v<T>, unsigned long long, T>;

  template <class T>
  __device__ static Native<T>* native(T* at) {
    return reinterpret_cast<Native<T>*>(at);
  }
  template <class T>
  __device__ static const Native<T>* native(const T* at) {
    return reinterpret_cast<const Native<T>*>(at);
  }
  template <class T, class = std::enable_if_t<!std::is_pointer_v<T>>>
  __device__ static Native<T> native(T value) {
    return static_cast<Native<T>>(value);
  }
};

/// Runs any kernel of this project.
template <class Kernel>
__global__ void __launch_bounds__(Kernel::threads, Kernel::residency) run_kernel(const Kernel kernel) {
  __shared__ typename Kernel::Shared shared;
  DeviceBlock<Kernel::threads> block;
  if constexpr (Stepwise<Kernel>) {
    for (unsigned step = 0; step < Kernel::steps; ++step) {
      if (!kernel.needs(step)) continue;
      kernel.run(block, shared, step);
      if (step + 1 < Kernel::steps) cooperative_groups::this_grid().sync();
    }
  } else {
    kernel.run(block, shared);
  }
}

}  // namespace simrun::cuda
