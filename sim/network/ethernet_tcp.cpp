#include "sim/network/ethernet_tcp.hpp"

#include <algorithm>

namespace simrun {
namespace {

/// NCCL over sockets, as its source has it (2.29): the receiver's buffer of 4 MiB takes a message in before the
/// receiver asks for it; messages to several peers leave together. What is spread over connections was fitted, to
/// all-reduces among 4 hosts at 200 Mbit/s and 5 Gbit/s, at which its software took no time that could be told from
/// latency.
constexpr EthernetTcp nccl() {
  EthernetTcp constants;
  constants.message = Seconds(0);
  constants.send_buffer = Bytes(1);
  constants.eager_limit = Bytes(4 * 1024 * 1024);
  constants.striped_share = 0.11;
  return constants;
}

}  // namespace

std::span<const TcpSoftware> tcp_softwares() {
  static constexpr TcpSoftware table[] = {
      {"open-mpi", "Open MPI 4.1: one connection a pair of ranks, 64 KiB sent at once", EthernetTcp{}},
      {"nccl", "NCCL over sockets: a long message is spread over several connections, and ends with the slowest",
       nccl()},
  };
  return table;
}

Seconds EthernetTcp::both_ways(Bytes size, BytesPerSecond link) const {
  const double hindered = std::max(0.0, 1 - link.value / striped_until.value);
  const double striped = striped_share * hindered * std::max(0.0, size.value - striped_beyond.value);
  return Seconds((acknowledgements * size.value + striped) / link.value);
}

Seconds EthernetTcp::rendezvous(Bytes size, BytesPerSecond link) const {
  if (size <= eager_limit) return {};
  const Bytes before = std::min(queued_share * (size - eager_limit), queue);
  return Seconds(before.value / link.value);
}

Bytes Shaper::left(Seconds now, Bytes burst, BytesPerSecond rate) const {
  return Bytes(std::clamp((now - free_).value * rate.value, 0.0, burst.value));
}

void Shaper::take(Seconds now, Bytes size, Bytes burst, BytesPerSecond rate) {
  free_ = std::max(free_, now - Seconds(burst.value / rate.value)) + Seconds(size.value / rate.value);
}

}  // namespace simrun
