#pragma once

#include <string>

#include "sim/scenario.hpp"
#include "sim/simulation.hpp"

namespace simrun {

/// Writes one iteration of every worker in the Trace Event Format, which Perfetto opens, times in microseconds. Process
/// 0 has a row for each worker with spans named compute, encode, communication (what is not hidden) and decode; process
/// 1 a row for each worker with spans named exchange: whole exchanges, hidden or not. The file is there whole or not at
/// all. Throws std::runtime_error.
void write_trace(const std::string& file, const Scenario& scenario, const Times& times);

/// Replaces `file` by `text` atomically. Throws std::runtime_error that names the file and the cause.
void write_file(const std::string& file, const std::string& text);

}  // namespace simrun
