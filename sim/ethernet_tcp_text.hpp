#pragma once

#include "sim/ethernet_tcp.hpp"
#include "sim/fields.hpp"

namespace simrun {

/// `network.tcp`: constants of the network model ethernet-tcp, each with its default.
Field<EthernetTcp> ethernet_tcp_field();

}  // namespace simrun
