// Compiled once for each instruction set, see CMakeLists.txt: SIMRUN_MULTIPLY is the name of the function that this
// file then defines. Templates of one name compiled with different instructions must not be taken for each other by the
// linker, so that each time Eigen's namespace has a name of its own.
#define SIMRUN_JOIN_(a, b) a##b
#define SIMRUN_JOIN(a, b) SIMRUN_JOIN_(a, b)
#define Eigen SIMRUN_JOIN(Eigen_of_, SIMRUN_MULTIPLY)

#include <Eigen/Core>

#include "sim/training/multiply.hpp"

namespace simrun {

void SIMRUN_MULTIPLY(const MatrixView& a, const MatrixView& b, Into into, float* c);

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Constant = Eigen::Map<const Matrix>;

/// Sums are cut where caches are full: all machines shall cut alike. Not when the program starts, on whose processor
/// these instructions may not be there.
void set_caches() {
  [[maybe_unused]] static const bool are_set = [] {
    Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 4 << 20);
    return true;
  }();
}

template <class A, class B>
void store(const A& a, const B& b, Into into, float* c) {
  Eigen::Map<Matrix> out(c, a.rows(), b.cols());
  if (into == Into::add) {
    out.noalias() += a * b;
  } else {
    out.noalias() = a * b;
  }
}

Constant map(const MatrixView& view) {
  return {view.data, static_cast<Eigen::Index>(view.rows), static_cast<Eigen::Index>(view.columns)};
}

}  // namespace

void SIMRUN_MULTIPLY(const MatrixView& a, const MatrixView& b, Into into, float* c) {
  set_caches();
  if (a.transposed && b.transposed) return store(map(a).transpose(), map(b).transpose(), into, c);
  if (a.transposed) return store(map(a).transpose(), map(b), into, c);
  if (b.transposed) return store(map(a), map(b).transpose(), into, c);
  store(map(a), map(b), into, c);
}

}  // namespace simrun
