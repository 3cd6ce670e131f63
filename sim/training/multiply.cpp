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

struct Choice {
  Multiply* multiply;
  const char* vectors;
};

Choice best() {
#ifdef SIMRUN_MULTIPLY_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) return {multiply_avx512, "avx512"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return {multiply_avx2, "avx2"};
#endif
  return {multiply_baseline, "baseline"};
}

const Choice& chosen() {
  static const Choice choice = best();
  return choice;
}

}  // namespace

void multiply(const MatrixView& a, const MatrixView& b, Into into, float* c) {
  chosen().multiply(a, b, into, c);
}

const char* vectors_of_multiply() {
  return chosen().vectors;
}

}  // namespace simrun
