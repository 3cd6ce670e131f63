#include "sim/ethernet_tcp.hpp"

#include <algorithm>

namespace simrun {

Seconds EthernetTcp::rendezvous(Bytes size, Sending sending, BytesPerSecond link) const {
  if (sending == Sending::nothing || size <= eager_limit) return {};
  const Bytes beyond = size - eager_limit;
  const Bytes before = sending == Sending::to_others ? std::min(queued_share * beyond, queue)
                                                     : std::min(connection_share * beyond, connection_queue);
  return Seconds(before.value / link.value);
}

Bytes Shaper::left(Seconds now, Bytes burst, BytesPerSecond rate) const {
  return Bytes(std::clamp((now - free_).value * rate.value, 0.0, burst.value));
}

void Shaper::take(Seconds now, Bytes size, Bytes burst, BytesPerSecond rate) {
  free_ = std::max(free_, now - Seconds(burst.value / rate.value)) + Seconds(size.value / rate.value);
}

}  // namespace simrun
