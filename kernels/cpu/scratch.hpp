#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace simrun {

struct FreeMemory {
  void operator()(void* memory) const { std::free(memory); }
};

/// An array for intermediate values, which start as anything.
template <class T>
using Scratch = std::unique_ptr<T[], FreeMemory>;

/// Large arrays are made of large pages where the system has them: fresh small ones cost more to get than to fill.
template <class T>
Scratch<T> make_scratch(std::size_t count) {
  constexpr std::size_t large_page = std::size_t{1} << 21;
  const std::size_t pages = (count * sizeof(T) + large_page - 1) / large_page;
  const bool large = pages > 1;
  void* const memory = large ? std::aligned_alloc(large_page, pages * large_page) : std::malloc(count * sizeof(T) + 1);
  if (memory == nullptr) throw std::bad_alloc();
#if defined(__linux__)
  if (large) ::madvise(memory, pages * large_page, MADV_HUGEPAGE);
#endif
  return Scratch<T>(static_cast<T*>(memory));
}

}  // namespace simrun
