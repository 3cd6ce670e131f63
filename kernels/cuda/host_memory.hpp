#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace simrun::cuda {

/// What a block on the processor does to memory; see block.hpp.
class HostAtomics {
 public:
  template <class T>
  T add(T* at, T value) const {
    return std::atomic_ref<T>(*at).fetch_add(value, std::memory_order_relaxed);
  }

  template <class T>
  T take_max(T* at, T value) const {
    const std::atomic_ref<T> target(*at);
    T old = target.load(std::memory_order_relaxed);
    while (old < value && !target.compare_exchange_weak(old, value, std::memory_order_relaxed)) {
    }
    return old;
  }

  template <class T>
  T take_or(T* at, T value) const {
    return std::atomic_ref<T>(*at).fetch_or(value, std::memory_order_relaxed);
  }

  template <class T>
  void put(T* at, T value) const {
    std::atomic_ref<T>(*at).store(value, std::memory_order_relaxed);
  }

  template <class T>
  T read_fresh(const T* at) const {
    return *at;
  }

  template <class T>
  T read_once(const T* at) const {
    return *at;
  }
};

/// The memory of a machine on the processor. Nothing is queued: what is called is done.
class HostMemory {
 public:
  template <class T>
  class Buffer {
   public:
    explicit Buffer(std::size_t size) : values_(size) {
      if (size > 0) std::memset(static_cast<void*>(values_.data()), 0xA5, size * sizeof(T));  // nothing counts on zeros
    }
    T* data() { return values_.data(); }
    const T* data() const { return values_.data(); }
    std::size_t size() const { return values_.size(); }

   private:
    std::vector<T> values_;
  };

  void clear(void* at, std::size_t bytes) { std::memset(at, 0, bytes); }

  template <class T>
  void copy(T* to, const T* from, std::size_t count) {
    std::copy_n(from, count, to);
  }

  template <class T>
  void upload(T* to, std::span<const T> from) {
    std::copy(from.begin(), from.end(), to);
  }

  /// Waits for all that was launched.
  template <class T>
  void download(std::span<T> to, const T* from) {
    std::copy_n(from, to.size(), to.begin());
  }
};

}  // namespace simrun::cuda
