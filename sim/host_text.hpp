#pragma once

#include <optional>

#include "sim/fields.hpp"
#include "sim/host.hpp"

namespace simrun {

Field<std::optional<Host>> host_field();

}  // namespace simrun
