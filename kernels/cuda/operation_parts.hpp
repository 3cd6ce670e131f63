#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/gradient.hpp"
#include "kernels/operation.hpp"

namespace simrun::cuda {

// What operations on a machine are made of. Their functions share the arrays that they need, which so live as long as
// they do.

/// An operation of three functions.
class FunctionOperation final : public Operation {
 public:
  FunctionOperation(std::function<void()> reset, std::function<void()> run, std::function<OperationResult()> result)
      : reset_(std::move(reset)), run_(std::move(run)), result_(std::move(result)) {}

  void reset() override { reset_(); }
  void run() override { run_(); }
  OperationResult result() const override { return result_(); }

 private:
  std::function<void()> reset_;
  std::function<void()> run_;
  std::function<OperationResult()> result_;
};

inline std::unique_ptr<Operation> operation_of(
    std::function<void()> run, std::function<OperationResult()> result, std::function<void()> reset = [] {}) {
  return std::make_unique<FunctionOperation>(std::move(reset), std::move(run), std::move(result));
}

template <class T, class Machine>
auto shared_array(Machine&, std::size_t size) {
  return std::make_shared<typename Machine::template Buffer<T>>(size);
}

template <class T, class Machine>
auto shared_copy(Machine& machine, std::span<const T> values) {
  return std::make_shared<typename Machine::template Buffer<T>>(uploaded(machine, values));
}

/// A case's gradient, rounded to elements of 16 bits; that of fp32 as it is.
template <class Gradient>
auto gradient_of(const OperationCase& work) {
  if constexpr (std::is_same_v<Gradient, float>) {
    return work.gradient;
  } else {
    std::vector<Gradient> elements;
    elements.reserve(work.gradient.size());
    for (const std::uint16_t bits : narrowed(Gradient::precision, work.gradient)) elements.push_back({bits});
    return elements;
  }
}

template <class Gradient, class Machine>
auto shared_gradient(Machine& machine, const OperationCase& work) {
  const auto gradient = gradient_of<Gradient>(work);
  return shared_copy(machine, std::span<const Gradient>(gradient));
}

template <class Machine, class LayOut>
auto shared_workspace(const LayOut& lay_out) {
  return std::make_shared<WorkspaceOf<Machine, LayOut>>(lay_out);
}

}  // namespace simrun::cuda
