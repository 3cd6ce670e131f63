#include "sim/ethernet_tcp.hpp"

#include <algorithm>

namespace simrun {

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
