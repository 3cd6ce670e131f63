#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/network/transport.hpp"

namespace simrun {

/// What stands behind the payloads of a message, once for each, so that the receiver knows what came: 32 bytes.
struct PayloadLabel {
  PayloadKind kind;
  IndexCoding index;
  std::uint16_t unused;  ///< 0
  std::uint32_t has_contents : 1;
  std::uint32_t parts : 31;  ///< payloads in the message
  std::uint64_t elements;
  std::uint64_t entries;
  std::uint64_t bytes : 40;
  std::uint64_t format : 24;
};

/// A message as it lies in memory while it is sent: the bytes of its payloads, each padded to a multiple of 8, then
/// their labels. Nothing is copied. An empty message is empty.
class OutgoingFrame {
 public:
  /// `filler`: at least most_hollow_bytes(message), sent for payloads without contents.
  OutgoingFrame(Message message, std::shared_ptr<const std::byte> filler);

  /// What is sent, in order.
  const std::vector<std::span<const std::byte>>& regions() const { return regions_; }

 private:
  Message message_;
  std::shared_ptr<const std::byte> filler_;
  std::vector<PayloadLabel> labels_;
  std::vector<std::span<const std::byte>> regions_;
};

/// The size of the largest payload without contents; 0 if there is none.
std::size_t most_hollow_bytes(const Message& message);

/// The message whose regions, one after another, are the `size` bytes at `bytes`. Payloads share them; what they hold
/// is not checked again, because it was made by the same program. Throws PayloadError if the labels do not fit.
Message read_frame(const std::shared_ptr<const std::byte>& bytes, std::size_t size);

}  // namespace simrun
