#pragma once

#include <stdexcept>

#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/vote.hpp"
#include "kernels/primitives.hpp"

namespace simrun::cuda {

/// A majority vote over planes, on arrays of a machine.
template <class Machine>
class DeviceVote {
 public:
  /// At least one plane; all of the same size.
  DeviceVote(Machine& machine, std::span<const std::span<const std::uint32_t>> planes)
      : machine_(machine),
        words_(checked(planes).front().size()),
        stride_(divide_up<std::size_t>(words_, 4) * 4),
        planes_(stride_ * planes.size()),
        pointers_(planes.size()),
        result_(stride_) {
    std::vector<const std::uint32_t*> pointers;
    for (const auto plane : planes) {
      std::uint32_t* const to = planes_.data() + stride_ * pointers.size();
      machine_.upload(to, plane);
      pointers.push_back(to);
    }
    machine_.upload(pointers_.data(), std::span<const std::uint32_t* const>(pointers));
  }

  void run() {
    launch_vote(machine_, {pointers_.data(), static_cast<std::uint32_t>(pointers_.size()), words_, result_.data()});
  }

  const std::uint32_t* result() const { return result_.data(); }

 private:
  static auto checked(std::span<const std::span<const std::uint32_t>> planes) {
    if (planes.empty()) throw std::invalid_argument("a vote needs a voter");
    return planes;
  }

  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  Machine& machine_;
  std::size_t words_;
  std::size_t stride_;  ///< words from plane to plane, so that each begins at a multiple of 16 bytes
  Buffer<std::uint32_t> planes_;
  Buffer<const std::uint32_t*> pointers_;
  Buffer<std::uint32_t> result_;
};

}  // namespace simrun::cuda
