#!/usr/bin/env bash
# Runs test_mpi with 8 workers and a server on this machine; exit status 77: skipped, with the reason.
#   tests/mpi/run.sh [MPIRUN PROGRAM]   without them: simrun was built without MPI
set -euo pipefail

if (($# < 2)); then
  echo "skipped: built without MPI (Debian: libopenmpi-dev openmpi-bin)"
  exit 77
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exec "$1" --oversubscribe -np 9 "$2"
