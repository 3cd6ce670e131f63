#include <cstdio>

#include "kernels/cuda/cuda.hpp"
#include "tests/catch_session.hpp"

/// Exit status 77: skipped, with the reason, where there is no GPU.
int main(int argc, char* argv[]) {
  if (simrun::cuda_devices().empty()) {
    std::printf("skipped: %s\n", simrun::why_no_cuda().c_str());
    return 77;
  }
  std::printf("on %s\n", simrun::cuda_devices().front().name.c_str());
  return simrun::run_test_cases(argc, argv) == 0 ? 0 : 1;
}
