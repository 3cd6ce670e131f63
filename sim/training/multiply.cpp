#include "sim/training/multiply.hpp"

namespace simrun {

using Multiply = void(const MatrixView& a, const MatrixView& b, Into into, float* c);

// eigen_multiply.cpp, by instruction set.
Multiply multiply_baseline;
#ifdef SIMRUN_MULTIPLY_X86
Multiply multiply_avx2;
Multiply multiply_avx512;
#endif

namespace {

Multiply& best() {
#ifdef SIMRUN_MULTIPLY_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return multiply_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return multiply_avx2;
#endif
  return multiply_baseline;
}

}  // namespace

void multiply(const MatrixView& a, const MatrixView& b, Into into, float* c) {
  static Multiply& chosen = best();
  chosen(a, b, into, c);
}

}  // namespace simrun
