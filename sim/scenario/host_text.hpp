#pragma once

#include <optional>

#include "sim/devices/host.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

Field<std::optional<Host>> host_field();

}  // namespace simrun
