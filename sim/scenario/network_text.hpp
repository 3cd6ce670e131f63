#pragma once

#include "sim/network/network.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

Field<Network> network_field();

}  // namespace simrun
