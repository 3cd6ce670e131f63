#include "sim/mpi/frame.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace simrun {
namespace {

constexpr std::size_t alignment = 8;
constexpr std::array<std::byte, alignment> zeros{};

std::size_t padded(std::uint64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

PayloadLabel label_of(const Payload& payload, std::size_t parts) {
  return {.kind = payload.kind(),
          .index = payload.index(),
          .unused = 0,
          .has_contents = payload.has_contents(),
          .parts = static_cast<std::uint32_t>(parts) & 0x7FFFFFFFU,
          .elements = payload.elements(),
          .entries = payload.entries(),
          .bytes = payload.size() & 0xFF'FFFF'FFFFU,
          .format = payload.header().format & 0xFF'FFFFU};
}

}  // namespace

static_assert(sizeof(PayloadLabel) == 32);

OutgoingFrame::OutgoingFrame(Message message, std::shared_ptr<const std::byte> filler)
    : message_(std::move(message)), filler_(std::move(filler)) {
  for (const Payload& payload : message_) {
    labels_.push_back(label_of(payload, message_.size()));
    regions_.emplace_back(payload.has_contents() ? payload.bytes().data() : filler_.get(), payload.size());
    regions_.emplace_back(zeros.data(), padded(payload.size()) - payload.size());
  }
  const auto labels = std::as_bytes(std::span<const PayloadLabel>(labels_));
  regions_.push_back(labels);
}

std::size_t most_hollow_bytes(const Message& message) {
  std::size_t most = 0;
  for (const Payload& payload : message) {
    if (!payload.has_contents()) most = std::max<std::size_t>(most, payload.size());
  }
  return most;
}

Message read_frame(const std::shared_ptr<const std::byte>& bytes, std::size_t size) {
  const auto require = [](bool holds) {
    if (!holds) throw PayloadError("a message whose labels do not fit its size");
  };
  Message message;
  if (size == 0) return message;
  PayloadLabel label{};
  require(size >= sizeof label);
  std::memcpy(&label, bytes.get() + size - sizeof label, sizeof label);
  const std::size_t parts = label.parts;
  require(size / sizeof label >= parts);
  const std::size_t end = size - parts * sizeof label;
  std::size_t at = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    std::memcpy(&label, bytes.get() + end + i * sizeof label, sizeof label);
    require(label.bytes <= end - at);
    const Payload payload = Payload::size_only(
        {label.kind, label.index, label.elements, label.entries, label.bytes, static_cast<Format>(label.format)});
    message.push_back(label.has_contents ? payload.moved_to({bytes, bytes.get() + at}) : payload);
    at += padded(label.bytes);
    require(at <= end);
  }
  require(at == end);
  return message;
}

}  // namespace simrun
