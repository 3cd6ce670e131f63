#pragma once

#include <string>
#include <string_view>

#include "sim/simulation.hpp"

namespace simrun {

/// One iteration of every worker in the Trace Event Format, which Perfetto opens: one row a worker, spans named
/// compute, encode, communication and decode, times in microseconds. `times` have spans; `key` tells what was traced.
std::string trace_text(const std::string& key, std::string_view method, const Times& times);

/// True for a file of trace_text with this key.
bool is_trace_of(const std::string& file, const std::string& key);

}  // namespace simrun
