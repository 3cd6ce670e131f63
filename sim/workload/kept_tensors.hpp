#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "sim/workload/model.hpp"

namespace simrun {

/// Values for the tensors of a model, each made when it is first asked for. From any thread.
class KeptTensors {
 public:
  explicit KeptTensors(const Model& model) {
    for (const Tensor& tensor : model.tensors) tensors_.emplace_back(tensor.elements());
  }

  /// Of a model whose values take more than 256 MB nothing is kept.
  static bool fit(const Model& model) {
    std::uint64_t elements = 0;
    for (const Tensor& tensor : model.tensors) elements += tensor.elements();
    return elements <= std::uint64_t{1} << 26;
  }

  /// `make` writes all values of the tensor.
  const float* get(std::size_t tensor, const std::function<void(std::span<float>)>& make) const {
    Kept& kept = tensors_[tensor];
    std::call_once(kept.is_made, [&] {
      kept.values.resize(kept.elements);
      make(kept.values);
    });
    return kept.values.data();
  }

 private:
  struct Kept {
    explicit Kept(std::uint64_t elements_) : elements(elements_) {}
    std::uint64_t elements;
    std::once_flag is_made;
    std::vector<float> values;
  };

  mutable std::deque<Kept> tensors_;
};

}  // namespace simrun
