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

std::vector<Payload> Transport::all_to_all(const PayloadTo& payload, const ComesFrom& comes) {
  const int m = size();
  std::vector<Request> sends;
  std::vector<Request> receives(static_cast<std::size_t>(m));
  for (int i = 1; i < m; ++i) {
    const int to = (rank() + i) % m;
    const int from = (rank() + m - i) % m;
    if (comes(from)) receives[static_cast<std::size_t>(from)] = start_receive(from);
    if (std::optional<Payload> out = payload(to)) sends.push_back(start_send(to, {*std::move(out)}));
  }
  std::vector<Payload> received;
  for (int r = 0; r < m; ++r) {
    if (r != rank()) {
      if (comes(r)) received.push_back(wait(receives[static_cast<std::size_t>(r)]).front());
    } else if (std::optional<Payload> own = payload(r)) {
      received.push_back(*std::move(own));
    }
  }
  for (const Request send : sends) wait(send);
  return received;
}

Message Transport::exchange(int to, Message message, int from, int tag) {
  const Request out = start_send(to, std::move(message), tag);
  Message in = receive(from, tag);
  wait(out);
  return in;
}

}  // namespace simrun
