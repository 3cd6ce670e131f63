#pragma once

#include <cstddef>
#include <string>

#include "sim/text/units.hpp"

namespace simrun {

/// This machine's processor and its threads, for people: "AMD EPYC 9R14, 2 threads".
std::string this_processor();

/// Cores that this process may run on: a batch system may have given it some of the machine's.
unsigned usable_cores();

/// Memory that programs can still have; 0 if the system does not say.
Bytes available_memory();

/// Of all last-level caches together, in bytes; 32 MiB if the system does not say.
std::size_t last_level_caches();

}  // namespace simrun
