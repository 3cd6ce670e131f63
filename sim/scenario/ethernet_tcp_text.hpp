#pragma once

#include <optional>

#include "sim/network/ethernet_tcp.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// `network.tcp`: constants of the network model ethernet-tcp. One that is left out is the software's, or follows from
/// the MTU.
struct EthernetTcpText {
  std::optional<double> goodput;
  std::optional<double> acknowledgements;
  std::optional<Seconds> message;
  std::optional<Bytes> send_buffer;
  std::optional<Bytes> eager_limit;
  std::optional<double> queued_share;
  std::optional<Bytes> queue;
  std::optional<double> handover;
  std::optional<double> striped_share;
  std::optional<Bytes> striped_beyond;
  std::optional<BytesPerSecond> striped_until;
  std::optional<Bytes> burst;

  EthernetTcp with(const TcpSoftware& software, Bytes mtu) const;
};

Field<EthernetTcpText> ethernet_tcp_field();

/// `network.mtu`: bytes of IP in a full frame.
Field<Bytes> mtu_field();

}  // namespace simrun
