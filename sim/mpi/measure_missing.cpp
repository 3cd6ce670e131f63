#include "sim/mpi/measure.hpp"

namespace simrun {

int measure(const MeasureArguments&) {
  throw InputError("command line", "measure", "simrun was built without MPI",
                   "install one and build again; on Debian: apt-get install libopenmpi-dev openmpi-bin");
}

int refuse_to_measure(const InputError& error) {
  throw error;
}

}  // namespace simrun
