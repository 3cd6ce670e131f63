#pragma once

#include <cstddef>
#include <span>

namespace simrun {

/// `bytes` as values of T. They must lie in a payload: its parts start at multiples of 4, so that T is aligned.
template <class T>
std::span<const T> view_as(std::span<const std::byte> bytes) {
  static_assert(alignof(T) <= 4);
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

template <class T>
std::span<T> view_as(std::span<std::byte> bytes) {
  static_assert(alignof(T) <= 4);
  return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace simrun
