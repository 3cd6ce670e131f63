#pragma once

#include <span>
#include <vector>

#include "kernels/cuda/workspace.hpp"

namespace simrun::cuda {

/// An array of a machine with a copy of `values`.
template <class Machine, class T>
typename Machine::template Buffer<T> uploaded(Machine& machine, std::span<const T> values) {
  typename Machine::template Buffer<T> buffer(values.size());
  machine.upload(buffer.data(), values);
  return buffer;
}

/// A copy of the first `count` values of an array of a machine, once all that was launched is done.
template <class T, class Machine>
std::vector<T> downloaded(Machine& machine, const T* values, std::size_t count) {
  std::vector<T> copy(count);
  machine.download(std::span<T>(copy), values);
  return copy;
}

/// An array of one value of zeros.
template <class T, class Machine>
typename Machine::template Buffer<T> zero(Machine& machine) {
  const T value{};
  return uploaded(machine, std::span<const T>(&value, 1));
}

/// Memory of a machine for what `lay_out(carver)` takes from a Carver, and what it returned.
template <class Machine, class LayOut>
class WorkspaceOf {
 public:
  using Layout = decltype(std::declval<LayOut>()(std::declval<Carver&>()));

  explicit WorkspaceOf(const LayOut& lay_out) : memory_(lines_of(lay_out)) {
    Carver carver(memory_.data());
    layout_ = lay_out(carver);
  }

  const Layout& layout() const { return layout_; }

 private:
  struct alignas(Carver::alignment) Line {
    std::byte bytes[Carver::alignment];
  };

  static std::size_t lines_of(const LayOut& lay_out) {
    Carver carver;
    lay_out(carver);
    return carver.used() / sizeof(Line);
  }

  typename Machine::template Buffer<Line> memory_;
  Layout layout_;
};

}  // namespace simrun::cuda
