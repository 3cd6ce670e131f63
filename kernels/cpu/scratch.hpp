#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

namespace simrun {

/// Keeps a block of memory for the next call: fresh memory costs more to get than to fill. Any number of threads.
class ScratchPool {
 public:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };

  /// A block of at least `size` bytes, which may be anything.
  Block take(std::size_t size) {
    {
      const std::lock_guard lock(mutex_);
      if (kept_.size >= size) return std::exchange(kept_, {});
    }
    return {std::make_unique_for_overwrite<std::byte[]>(size), size};
  }

  void give(Block block) {
    constexpr std::size_t most_kept = std::size_t{64} << 20;
    const std::lock_guard lock(mutex_);
    if (block.size > kept_.size && block.size <= most_kept) std::swap(kept_, block);
  }

 private:
  std::mutex mutex_;
  Block kept_;
};

/// A block that goes back to its pool.
class Scratch {
 public:
  Scratch(ScratchPool& pool, std::size_t size) : pool_(pool), block_(pool.take(size)) {}
  ~Scratch() { pool_.give(std::move(block_)); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Values of T from byte `offset` on.
  template <class T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(block_.bytes.get() + offset);
  }

 private:
  ScratchPool& pool_;
  ScratchPool::Block block_;
};

}  // namespace simrun
