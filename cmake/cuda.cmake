# Sets SIMRUN_HAS_CUDA: whether the CUDA back end is built. Everything else builds and passes without.

set(SIMRUN_CUDA AUTO CACHE STRING
    "build the CUDA back end: ON, OFF, COMPILER (where CUDA 12 or later is found) or AUTO (if there is a GPU besides)")
set_property(CACHE SIMRUN_CUDA PROPERTY STRINGS AUTO COMPILER ON OFF)
set(SIMRUN_HAS_CUDA FALSE)

# Sanitizers do not reach what runs on a GPU; the tests run the same kernels on the processor.
if(SIMRUN_CUDA STREQUAL "OFF" OR SIMRUN_SANITIZE)
  return()
endif()

function(simrun_without_cuda reason)
  if(SIMRUN_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SIMRUN_CUDA is ON, but ${reason}")
  endif()
  message(STATUS "without the CUDA back end: ${reason}")
endfunction()

if(SIMRUN_CUDA STREQUAL "AUTO" AND NOT EXISTS /dev/nvidiactl)
  simrun_without_cuda("this machine has no NVIDIA GPU (SIMRUN_CUDA=ON builds it all the same)")
  return()
endif()

# $CUDACXX goes first, then PATH; the toolkit's own installer leaves nvcc where neither looks.
if(NOT DEFINED ENV{CUDACXX})
  find_program(SIMRUN_NVCC nvcc HINTS "$ENV{CUDA_PATH}/bin" PATHS /usr/local/cuda/bin)
  if(SIMRUN_NVCC)
    set(ENV{CUDACXX} ${SIMRUN_NVCC})
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  simrun_without_cuda("no CUDA compiler (nvcc) works here")
  return()
endif()
execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE nvcc_version ERROR_QUIET)
if(NOT nvcc_version MATCHES "release ([0-9]+)" OR CMAKE_MATCH_1 LESS 12)
  simrun_without_cuda("${CMAKE_CUDA_COMPILER} is older than CUDA 12, which brought C++20")
  return()
endif()

# Machine code for Hopper, for which the kernels are tuned; others compile the intermediate code when they load it.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75-virtual 90-real)
endif()
enable_language(CUDA)
# CMake 3.25 does not know yet that nvcc 12 takes C++20.
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(SIMRUN_HAS_CUDA TRUE)
