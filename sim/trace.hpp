#pragma once

#include <string>

#include "sim/scenario.hpp"
#include "sim/simulation.hpp"

namespace simrun {

/// Writes one iteration of every worker in the Trace Event Format, which Perfetto opens: one row a worker, spans named
/// compute, encode, communication and decode, times in microseconds. The file is there whole or not at all. Throws
/// std::runtime_error.
void write_trace(const std::string& file, const Scenario& scenario, const Times& times);

/// Replaces `file` by `text` atomically. Throws std::runtime_error that names the file and the cause.
void write_file(const std::string& file, const std::string& text);

}  // namespace simrun
