#include "sim/network/transport.hpp"

namespace simrun {

std::uint64_t size_of(const Message& message) {
  std::uint64_t bytes = 0;
  for (const Payload& payload : message) bytes += payload.size();
  return bytes;
}

int Transport::repeat(int count, const std::function<void(int)>& step) {
  for (int i = 0; i < count; ++i) step(i);
  return count;
}

Message Transport::exchange(int to, Message message, int from, int tag) {
  const Request out = start_send(to, std::move(message), tag);
  Message in = receive(from, tag);
  wait(out);
  return in;
}

}  // namespace simrun
