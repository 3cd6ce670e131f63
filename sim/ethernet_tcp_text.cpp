#include "sim/ethernet_tcp_text.hpp"

namespace simrun {

Field<EthernetTcp> ethernet_tcp_field() {
  const EthernetTcp usual;
  const Range share{0, 10};
  const auto bytes = [](Bytes size) { return std::to_string(static_cast<std::int64_t>(size.value)) + " B"; };
  return Object<EthernetTcp>()
      .optional("goodput", &EthernetTcp::goodput, usually(number({0, 1, true}), usual.goodput),
                "share of a link's rate that is left for payload")
      .optional("acknowledgements", &EthernetTcp::acknowledgements, usually(number(share), usual.acknowledgements),
                "share by which a message takes longer at a rank that sends at the same time")
      .optional("message", &EthernetTcp::message, usually(duration(false), "50 us"), "software of both ends, a message")
      .optional("send_buffer", &EthernetTcp::send_buffer, usually(size(), bytes(usual.send_buffer)),
                "messages up to this size are complete for their sender at once, and leave one after another")
      .optional("eager_limit", &EthernetTcp::eager_limit, usually(size(), bytes(usual.eager_limit)),
                "longer messages wait for the receiver's word")
      .optional("queued_share", &EthernetTcp::queued_share, usually(number(share), usual.queued_share),
                "where its host sends to others: share of what is beyond the limit that the word waits behind")
      .optional("queue", &EthernetTcp::queue, usually(size(), bytes(usual.queue)),
                "the most that it waits behind there")
      .optional("handover", &EthernetTcp::handover, usually(number(share), usual.handover),
                "share by which a message takes longer after one from another rank")
      .optional("burst", &EthernetTcp::burst, usually(size(), "none"),
                "what a shaped link lets through at once after a pause")
      .field();
}

}  // namespace simrun
