#pragma once

#include "sim/mpi/mpi_world.hpp"

namespace simrun {

/// The ranks that run the tests.
MpiWorld& world();

/// Their number, as tests/mpi/run.sh starts them: 8 workers and a server.
constexpr int most_workers = 8;

}  // namespace simrun
