#include <cuda_runtime.h>

#include <array>
#include <cstdio>

#include "kernels/cuda/cuda.hpp"

namespace simrun {
namespace {

/// As nvidia-smi prints it.
std::string uuid_text(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (unsigned i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    std::array<char, 3> digits;
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(uuid.bytes[i]) & 0xFFU);
    text += digits.data();
  }
  return text;
}

}  // namespace

std::vector<CudaDevice> cuda_devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) return {};
  std::vector<CudaDevice> devices;
  for (int number = 0; number < count; ++number) {
    cudaDeviceProp properties;
    if (cudaGetDeviceProperties(&properties, number) != cudaSuccess) continue;
    devices.push_back({number, properties.name, uuid_text(properties.uuid)});
  }
  return devices;
}

std::string why_no_cuda() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return std::string("CUDA finds no GPU: ") + cudaGetErrorString(status);
  return count == 0 ? "CUDA finds no GPU" : "";
}

}  // namespace simrun
