#include "sim/scenario/ethernet_tcp_text.hpp"

namespace simrun {
namespace {

// What IPv4 asks of every host, and the most that its length field can say.
constexpr double least_mtu = 576;
constexpr double most_mtu = 65535;

// Frames of the least MTU leave 0.85; what is far below that says something else, down to where no message ends.
constexpr double least_goodput = 0.01;

}  // namespace

EthernetTcp EthernetTcpText::with(const TcpSoftware& software, Bytes mtu) const {
  const EthernetTcp& usual = software.constants;
  return {.goodput = goodput.value_or(frame_goodput(mtu)),
          .acknowledgements = acknowledgements.value_or(frame_acknowledgements(mtu)),
          .message = message.value_or(usual.message),
          .send_buffer = send_buffer.value_or(usual.send_buffer),
          .eager_limit = eager_limit.value_or(usual.eager_limit),
          .queued_share = queued_share.value_or(usual.queued_share),
          .queue = queue.value_or(usual.queue),
          .handover = handover.value_or(usual.handover),
          .striped_share = striped_share.value_or(usual.striped_share),
          .striped_beyond = striped_beyond.value_or(usual.striped_beyond),
          .striped_until = striped_until.value_or(usual.striped_until),
          .burst = burst.value_or(usual.burst)};
}

Field<EthernetTcpText> ethernet_tcp_field() {
  using Text = EthernetTcpText;
  const EthernetTcp usual;
  const Range share{0, 10};
  const auto bytes = [](Bytes size) { return std::to_string(static_cast<std::int64_t>(size.value)) + " B"; };
  return Object<Text>()
      .optional("goodput", &Text::goodput, usually(number({least_goodput, 1}), usual.goodput),
                "share of a link's rate that is left for payload; left out, what full frames of the MTU leave")
      .optional("acknowledgements", &Text::acknowledgements, usually(number(share), usual.acknowledgements),
                "share by which a message takes longer at a rank that sends at the same time; left out, by the bytes "
                "of acknowledgements")
      .optional("message", &Text::message, usually(duration(), "50 us"), "software of both ends, a message")
      .optional("send_buffer", &Text::send_buffer, usually(size(), bytes(usual.send_buffer)),
                "messages up to this size are complete for their sender at once, and leave one after another")
      .optional("eager_limit", &Text::eager_limit, usually(size(), bytes(usual.eager_limit)),
                "longer messages wait for their receiver")
      .optional("queued_share", &Text::queued_share, usually(number(share), usual.queued_share),
                "where its host sends to others: share of what is beyond the limit that its word waits behind")
      .optional("queue", &Text::queue, usually(size(), "none"), "the most that it waits behind there")
      .optional("handover", &Text::handover, usually(number(share), usual.handover),
                "share by which a message takes longer after one from another rank")
      .optional("striped_share", &Text::striped_share, usually(number(share), usual.striped_share),
                "spread over several connections: share by which a long message takes longer at a rank that sends at "
                "the same time, on slow links")
      .optional("striped_beyond", &Text::striped_beyond, usually(size(), bytes(usual.striped_beyond)),
                "up to this size a message travels over one connection at a time")
      .optional("striped_until", &Text::striped_until, usually(bandwidth(), "5.4 Gbps"),
                "goodput of a link from which on that share is nothing")
      .optional("burst", &Text::burst, usually(size(), "none"), "what a shaped link lets through at once after a pause")
      .field();
}

Field<Bytes> mtu_field() {
  return convert(size(), [](Bytes mtu, const Where& where) {
    if (mtu.value < least_mtu || mtu.value > most_mtu)
      where.fail(show(mtu) + " cannot be an MTU", "accepted: 576 B to 65535 B");
    return mtu;
  });
}

}  // namespace simrun
