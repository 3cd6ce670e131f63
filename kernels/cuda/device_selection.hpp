#pragma once

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/merge.hpp"
#include "kernels/cuda/small_top_k.hpp"
#include "kernels/cuda/top_k.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

/// Elements up to which one block selects: the launches that others would take cost more.
inline constexpr std::size_t small_tensor = 32768;

/// x += gradient and the k largest of x, on arrays of a machine.
template <class Machine>
class DeviceTopK {
 public:
  /// An empty `gradient` leaves x as it is. `clears`: selected elements of x are set to 0. Throws std::invalid_argument
  /// unless 0 < k <= x.size().
  DeviceTopK(Machine& machine, std::span<const float> gradient, std::span<const float> x, std::size_t k,
             bool keeps_zeros, bool clears)
      : machine_(machine),
        k_(checked(k, x.size())),
        gradient_(uploaded(machine, gradient)),
        before_(uploaded(machine, x)),
        x_(x.size()),
        indices_(k),
        values_(k),
        memory_(lay_out(x.size(), k)),
        result_{indices_.data(), values_.data(), clears ? x_.data() : nullptr, keeps_zeros},
        small_job_(1),
        small_result_(1) {
    const SmallTopK job{gradient_or_null(),
                        x_.data(),
                        static_cast<std::uint32_t>(x.size()),
                        static_cast<std::uint32_t>(k),
                        result_.indices,
                        result_.values,
                        result_.cleared,
                        keeps_zeros};
    machine_.upload(small_job_.data(), std::span<const SmallTopK>(&job, 1));
    reset();
  }

  /// x as it was.
  void reset() { machine_.copy(x_.data(), before_.data(), x_.size()); }

  void run() {
    if (x_.size() <= small_tensor) {
      machine_.launch(1, SelectSmall{{}, small_job_.data(), small_result_.data()});
    } else {
      launch_top_k(machine_, {gradient_or_null(), x_.data(), x_.size(), k_}, memory_.layout(), result_);
    }
  }

  /// Throws NonFiniteError.
  Pairs pairs() const {
    const SmallResult outcome = this->outcome();
    if (outcome.non_finite != 0) throw NonFiniteError(static_cast<std::size_t>(~outcome.non_finite));
    const auto selected = static_cast<std::size_t>(outcome.selected);
    return {downloaded(machine_, indices_.data(), selected), downloaded(machine_, values_.data(), selected)};
  }

  std::vector<float> x() const { return downloaded(machine_, x_.data(), x_.size()); }

  /// Where on the machine the values are, one for each that was selected, and how many they are.
  const float* values() const { return values_.data(); }
  const std::uint64_t* selected() const {
    if (x_.size() <= small_tensor) return &small_result_.data()->selected;
    return &memory_.layout().selection.selection->selected;
  }

 private:
  static std::size_t checked(std::size_t k, std::size_t size) {
    if (k == 0 || k > size) throw std::invalid_argument("the number of entries to keep is not in [1, N]");
    return k;
  }

  static auto lay_out(std::size_t size, std::size_t k) {
    return [=](Carver& carver) { return TopKWorkspace::carve(carver, size, k); };
  }

  const float* gradient_or_null() const { return gradient_.size() == 0 ? nullptr : gradient_.data(); }

  SmallResult outcome() const {
    if (x_.size() <= small_tensor) return downloaded(machine_, small_result_.data(), 1).front();
    const Selection* const at = memory_.layout().selection.selection;
    const Selection state = downloaded(machine_, at, 1).front();
    return {state.selected, state.non_finite};
  }

  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  Machine& machine_;
  std::size_t k_;
  Buffer<float> gradient_;
  Buffer<float> before_;
  Buffer<float> x_;
  Buffer<std::uint32_t> indices_;
  Buffer<float> values_;
  WorkspaceOf<Machine, decltype(lay_out(0, 0))> memory_;
  Selected result_;
  Buffer<SmallTopK> small_job_;
  Buffer<SmallResult> small_result_;
};

/// The k largest of a + b, on arrays of a machine.
template <class Machine>
class DeviceMerge {
 public:
  /// One list at least has entries; k > 0.
  DeviceMerge(Machine& machine, PairsView a, PairsView b, std::size_t k)
      : machine_(machine),
        a_(machine, a),
        b_(machine, b),
        k_(k),
        memory_(lay_out(a.indices.size(), b.indices.size())),
        indices_(std::min(k, a.indices.size() + b.indices.size())),
        values_(indices_.size()) {}

  void run() { launch_merge(machine_, {a_.list(), b_.list(), k_}, memory_.layout(), indices_.data(), values_.data()); }

  Pairs pairs() const {
    const Selection state = downloaded<Selection>(machine_, memory_.layout().selection.selection, 1).front();
    const auto count = static_cast<std::size_t>(state.selected);
    return {downloaded(machine_, indices_.data(), count), downloaded(machine_, values_.data(), count)};
  }

 private:
  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  struct List {
    List(Machine& machine, PairsView pairs)
        : indices(uploaded(machine, pairs.indices)), values(uploaded(machine, pairs.values)) {}
    PairList list() const { return {indices.data(), values.data(), indices.size()}; }
    Buffer<std::uint32_t> indices;
    Buffer<float> values;
  };

  static auto lay_out(std::size_t size_a, std::size_t size_b) {
    return [=](Carver& carver) { return MergeWorkspace::carve(carver, size_a, size_b); };
  }

  Machine& machine_;
  List a_;
  List b_;
  std::uint64_t k_;
  WorkspaceOf<Machine, decltype(lay_out(0, 0))> memory_;
  Buffer<std::uint32_t> indices_;
  Buffer<float> values_;
};

}  // namespace simrun::cuda
