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

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  return cudaDeviceGetAttribute(&value, which, device) == cudaSuccess ? value : 0;
}

struct Found {
  std::vector<CudaDevice> devices;
  std::string why_none;
};

Found look_for_gpus() {
  constexpr int least_capability = 75;
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) return {{}, std::string("CUDA finds no GPU: ") + cudaGetErrorString(status)};
  Found found{{}, "CUDA finds no GPU"};
  for (int number = 0; number < count; ++number) {
    cudaDeviceProp properties;
    const cudaError_t answer = cudaGetDeviceProperties(&properties, number);
    if (answer != cudaSuccess) {
      found.why_none =
          std::string("CUDA knows nothing of GPU ") + std::to_string(number) + ": " + cudaGetErrorString(answer);
    } else if (properties.major * 10 + properties.minor < least_capability) {
      found.why_none = std::string(properties.name) + " has compute capability " + std::to_string(properties.major) +
                       "." + std::to_string(properties.minor) + ", and 7.5 is the least that simrun's kernels run on";
    } else {
      found.devices.push_back({number, properties.name, uuid_text(properties.uuid), properties.multiProcessorCount,
                               attribute(cudaDevAttrClockRate, number)});
    }
  }
  if (!found.devices.empty()) found.why_none.clear();
  return found;
}

}  // namespace

std::vector<CudaDevice> cuda_devices() {
  return look_for_gpus().devices;
}

std::string why_no_cuda() {
  return look_for_gpus().why_none;
}

}  // namespace simrun
