#pragma once

#include <cstddef>

namespace simrun::cuda {

/// Lays arrays one after another, each at a multiple of 256 bytes. Without memory it only counts: so the same code
/// says how large a workspace is and what lies where in it.
class Carver {
 public:
  static constexpr std::size_t alignment = 256;

  explicit Carver(void* memory = nullptr) : memory_(static_cast<std::byte*>(memory)) {}

  template <class T>
  T* take(std::size_t count) {
    T* const array = memory_ == nullptr ? nullptr : reinterpret_cast<T*>(memory_ + used_);
    used_ += (count * sizeof(T) + alignment - 1) / alignment * alignment;
    return array;
  }

  std::size_t used() const { return used_; }

 private:
  std::byte* memory_;
  std::size_t used_ = 0;
};

}  // namespace simrun::cuda
