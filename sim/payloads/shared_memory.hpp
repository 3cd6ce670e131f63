#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels/payload.hpp"

namespace simrun {

/// Memory for payloads that child processes share with this one. Unlike other memory it costs nothing to start a child,
/// however much there is; what is never used takes no room. Freed with the last payload in it.
class SharedPlace {
 public:
  /// Bytes that a payload takes here.
  static constexpr std::uint64_t room_for(std::uint64_t bytes) { return (bytes + 7) / 8 * 8; }

  /// Throws std::bad_alloc.
  explicit SharedPlace(std::size_t bytes);

  /// Forgets what was taken: those payloads must not be looked at again.
  void clear() { used_ = 0; }

  /// The payload with its contents here. From any thread. Throws std::bad_alloc where there is no room left.
  Payload take(const Payload& payload);

 private:
  std::size_t bytes_;
  std::shared_ptr<std::byte> memory_;
  std::atomic<std::size_t> used_ = 0;
};

}  // namespace simrun
