#pragma once

#include <string>
#include <string_view>

#include "sim/simulation/simulation.hpp"

namespace simrun {

/// One iteration of every worker in the Trace Event Format, which Perfetto opens, times in microseconds. Process 0 has
/// a row for each worker with spans named compute, encode, communication (what is not hidden) and decode; process 1 a
/// row for each worker with spans named exchange: whole exchanges, hidden or not. `times` have spans; `key` tells what
/// was traced.
std::string trace_text(const std::string& key, std::string_view method, const Times& times);

/// True for a file of trace_text with this key.
bool is_trace_of(const std::string& file, const std::string& key);

/// True for a file of trace_text.
bool is_trace(const std::string& file);

}  // namespace simrun
