#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>

#include "kernels/cuda/cuda.hpp"

/// Exit status 77: skipped, with the reason, where there is no GPU.
int main(int argc, char* argv[]) {
  if (simrun::cuda_devices().empty()) {
    std::printf("skipped: %s\n", simrun::why_no_cuda().c_str());
    return 77;
  }
  std::printf("on %s\n", simrun::cuda_devices().front().name.c_str());
  return Catch::Session().run(argc, argv);
}
