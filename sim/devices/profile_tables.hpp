#pragma once

#include <map>
#include <string>

#include "sim/devices/device_profile.hpp"
#include "sim/text/fields.hpp"

namespace simrun {

/// The tables of a profile's operations. Throws InputError.
std::map<std::string, OperationTimes> read_operations(Json value, const Where& where);

/// How far an interpolation is off, of one table or of all.
Field<InterpolationError> error_field();

}  // namespace simrun
