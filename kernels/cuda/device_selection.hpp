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

/// Elements up to which one block selects, which reads them six times from the nearest caches; of more, all blocks do,
/// which wait for each other four times. On an H200 one block took 12.8 us for 1 element and 35 us for 16,384, all
/// blocks 27 us for 1,048,576, of which some 4 us are for the elements: they are equal near 8,000.
inline constexpr std::size_t small_tensor = 8192;

/// What is sent of the selected elements.
enum class Sent {
  values,
  non_zeros,  ///< values that are not zero
  signs,      ///< of those that are not zero
};

/// x += gradient and the k largest of x, on arrays of a machine.
template <class Machine, class Gradient>
class DeviceTopK {
 public:
  /// An empty `gradient` leaves x as it is. `clears`: selected elements of x are set to 0. Throws std::invalid_argument
  /// unless 0 < k <= x.size().
  DeviceTopK(Machine& machine, std::span<const Gradient> gradient, std::span<const float> x, std::size_t k, Sent sent,
             bool clears)
      : machine_(machine),
        k_(checked(k, x.size())),
        gradient_(uploaded(machine, gradient)),
        before_(uploaded(machine, x)),
        x_(x.size()),
        indices_(k),
        values_(k),
        signs_(sent == Sent::signs ? words_of(k) : 0),
        memory_(lay_out(x.size(), k)),
        result_{indices_.data(), values_.data(), clears ? x_.data() : nullptr, sent == Sent::values,
                sent == Sent::signs ? signs_.data() : nullptr},
        small_job_(1),
        small_outcome_(1) {
    if (is_small()) {
      const SmallTopK<Gradient> job{gradient_or_null(),
                                    x_.data(),
                                    static_cast<std::uint32_t>(x.size()),
                                    static_cast<std::uint32_t>(k),
                                    result_.indices,
                                    result_.values,
                                    result_.cleared,
                                    result_.keep_zeros,
                                    result_.signs};
      machine_.upload(small_job_.data(), std::span<const SmallTopK<Gradient>>(&job, 1));
    } else {
      memory_.layout().selection.prepare(machine_);
    }
    reset();
  }

  /// x as it was.
  void reset() { machine_.copy(x_.data(), before_.data(), x_.size()); }

  void run() {
    if (is_small()) {
      machine_.launch(1, SelectSmall<Gradient>{{}, small_job_.data(), small_outcome_.data()});
    } else {
      launch_top_k(machine_, TopK<Gradient>{gradient_or_null(), x_.data(), x_.size(), k_}, memory_.layout(), result_);
    }
  }

  /// Throws NonFiniteError.
  Pairs pairs() const {
    const auto selected = static_cast<std::size_t>(outcome().selected);
    return {downloaded(machine_, indices_.data(), selected), downloaded(machine_, values_.data(), selected)};
  }

  /// Where signs are sent. Throws NonFiniteError.
  SparseSigns signs() const {
    const auto selected = static_cast<std::size_t>(outcome().selected);
    const auto words = downloaded(machine_, signs_.data(), words_of(selected));
    const auto bytes = std::as_bytes(std::span(words)).first((selected + 7) / 8);
    return {downloaded(machine_, indices_.data(), selected), {bytes.begin(), bytes.end()}};
  }

  std::vector<float> x() const { return downloaded(machine_, x_.data(), x_.size()); }

  // What a run leaves on the machine.
  const std::uint32_t* indices() const { return indices_.data(); }
  const float* values() const { return values_.data(); }
  Entries entries() const { return {k_, &outcome_at()->selected}; }

 private:
  static std::size_t checked(std::size_t k, std::size_t size) {
    if (k == 0 || k > size) throw std::invalid_argument("the number of entries to keep is not in [1, N]");
    return k;
  }

  static auto lay_out(std::size_t size, std::size_t k) {
    return [=](Carver& carver) { return TopKWorkspace::carve(carver, size, k); };
  }

  const Gradient* gradient_or_null() const { return gradient_.size() == 0 ? nullptr : gradient_.data(); }

  bool is_small() const { return x_.size() <= small_tensor; }

  const Outcome* outcome_at() const {
    return is_small() ? small_outcome_.data() : &memory_.layout().selection.selection->outcome;
  }

  Outcome outcome() const {
    const Outcome outcome = downloaded(machine_, outcome_at(), 1).front();
    if (outcome.non_finite != 0) throw NonFiniteError(static_cast<std::size_t>(~outcome.non_finite));
    return outcome;
  }

  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  Machine& machine_;
  std::size_t k_;
  Buffer<Gradient> gradient_;
  Buffer<float> before_;
  Buffer<float> x_;
  Buffer<std::uint32_t> indices_;
  Buffer<float> values_;
  Buffer<std::uint32_t> signs_;
  WorkspaceOf<Machine, decltype(lay_out(0, 0))> memory_;
  Selected result_;
  Buffer<SmallTopK<Gradient>> small_job_;
  Buffer<Outcome> small_outcome_;
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
        values_(indices_.size()) {
    memory_.layout().selection.prepare(machine_);
  }

  void run() { launch_merge(machine_, {a_.list(), b_.list(), k_}, memory_.layout(), indices_.data(), values_.data()); }

  Pairs pairs() const {
    const Outcome* const at = &memory_.layout().selection.selection->outcome;
    const auto count = static_cast<std::size_t>(downloaded(machine_, at, 1).front().selected);
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
