# Sets SIMRUN_HAS_MPI: whether `simrun measure` is built. Everything else builds and passes without.

set(SIMRUN_MPI AUTO CACHE STRING "build `simrun measure`: ON, OFF, or AUTO (where MPI is found)")
set_property(CACHE SIMRUN_MPI PROPERTY STRINGS AUTO ON OFF)
set(SIMRUN_HAS_MPI FALSE)

# MPI libraries keep some of what they allocate, and sanitizers take it for a leak.
if(SIMRUN_MPI STREQUAL "OFF" OR SIMRUN_SANITIZE)
  return()
endif()

set(MPI_CXX_SKIP_MPICXX TRUE)
find_package(MPI 3.0 QUIET COMPONENTS CXX)
if(MPI_CXX_FOUND)
  set(SIMRUN_HAS_MPI TRUE)
elseif(SIMRUN_MPI STREQUAL "ON")
  message(FATAL_ERROR "SIMRUN_MPI is ON, but no MPI is found (Debian: libopenmpi-dev openmpi-bin)")
else()
  message(STATUS "without simrun measure: no MPI is found (Debian: libopenmpi-dev openmpi-bin)")
endif()
