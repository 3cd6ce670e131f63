#pragma once

#include <cuda_runtime.h>

#include <span>
#include <utility>

#include "kernels/cuda/cuda_error.hpp"
#include "kernels/cuda/device_block.cuh"

namespace simrun::cuda {

/// Throws CudaError where `status` is an error; `call` says what failed, as in "cudaMalloc of 1024 bytes".
template <class Describe>
void check(cudaError_t status, const Describe& call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // forgotten, else the next launch would report it as its own
  throw CudaError(call() + " failed: " + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + ")");
}

inline void check(cudaError_t status, const char* call) {
  check(status, [=] { return std::string(call); });
}

/// Runs kernels on a GPU, in order, on one stream. The calling thread's current device becomes this one.
class CudaMachine {
 public:
  /// Memory of the current device.
  template <class T>
  class Buffer {
   public:
    explicit Buffer(std::size_t size) : size_(size) {
      const std::size_t bytes = size * sizeof(T);
      if (bytes == 0) return;
      check(cudaMalloc(&data_, bytes), [=] { return "cudaMalloc of " + std::to_string(bytes) + " bytes"; });
    }
    Buffer(Buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Buffer& operator=(Buffer&&) = delete;
    ~Buffer() { cudaFree(data_); }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }

   private:
    T* data_ = nullptr;
    std::size_t size_;
  };

  /// With a stream of its own.
  explicit CudaMachine(int device) : CudaMachine(device, nullptr) {
    check(cudaStreamCreateWithFlags(&own_stream_, cudaStreamNonBlocking), "cudaStreamCreate");
    stream_ = own_stream_;
  }
  /// On a stream of the caller's.
  CudaMachine(int device, cudaStream_t stream) : stream_(stream) {
    check(cudaSetDevice(device), "cudaSetDevice");
    check(cudaDeviceGetAttribute(&multiprocessors_, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
  }
  CudaMachine(const CudaMachine&) = delete;
  CudaMachine& operator=(const CudaMachine&) = delete;
  ~CudaMachine() {
    if (own_stream_ != nullptr) cudaStreamDestroy(own_stream_);
  }

  cudaStream_t stream() const { return stream_; }

  unsigned resident_blocks(unsigned residency) const { return static_cast<unsigned>(multiprocessors_) * residency; }

  template <class Kernel>
  void launch(unsigned blocks, const Kernel& kernel) {
    check(queue(blocks, kernel),
          [=] { return std::string("the launch of ") + Kernel::name + " with " + std::to_string(blocks) + " blocks"; });
  }

  void clear(void* at, std::size_t bytes) { check(cudaMemsetAsync(at, 0, bytes, stream_), "cudaMemsetAsync"); }

  template <class T>
  void copy(T* to, const T* from, std::size_t count) {
    check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, stream_), "copying on the device");
  }

  template <class T>
  void upload(T* to, std::span<const T> from) {
    check(cudaMemcpyAsync(to, from.data(), from.size_bytes(), cudaMemcpyHostToDevice, stream_),
          "copying to the device");
  }

  /// Waits for all that was launched; what failed in it is thrown here.
  template <class T>
  void download(std::span<T> to, const T* from) {
    check(cudaMemcpyAsync(to.data(), from, to.size_bytes(), cudaMemcpyDeviceToHost, stream_),
          "copying from the device");
    wait();
  }

  void wait() { check(cudaStreamSynchronize(stream_), "waiting for the device"); }

 private:
  template <class Kernel>
  cudaError_t queue(unsigned blocks, Kernel kernel) {
    if constexpr (Stepwise<Kernel>) {
      void* arguments[] = {&kernel};
      return cudaLaunchCooperativeKernel(run_kernel<Kernel>, blocks, Kernel::threads, arguments, 0, stream_);
    } else {
      run_kernel<Kernel><<<blocks, Kernel::threads, 0, stream_>>>(kernel);
      return cudaGetLastError();
    }
  }

  cudaStream_t stream_;
  cudaStream_t own_stream_ = nullptr;
  int multiprocessors_ = 0;
};

}  // namespace simrun::cuda
