# Sets SIMRUN_HAS_CUDA: whether the CUDA back end is built. Everything else builds and passes without.

set(SIMRUN_CUDA AUTO CACHE STRING "build the CUDA back end: ON, OFF, or AUTO (where CUDA 12 or later is found)")
set_property(CACHE SIMRUN_CUDA PROPERTY STRINGS AUTO ON OFF)
set(SIMRUN_HAS_CUDA FALSE)

# Sanitizers do not reach what runs on a GPU; the tests run the same kernels on the processor.
if(SIMRUN_CUDA STREQUAL "OFF" OR SIMRUN_SANITIZE)
  return()
endif()

# The toolkit's own installer leaves nvcc where PATH does not look.
find_program(CMAKE_CUDA_COMPILER NAMES nvcc HINTS ENV CUDACXX ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(CMAKE_CUDA_COMPILER)
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  unset(CMAKE_CUDA_COMPILER CACHE)
  if(SIMRUN_CUDA STREQUAL "ON")
    message(FATAL_ERROR "SIMRUN_CUDA is ON, but no CUDA compiler (nvcc) works here")
  endif()
  message(STATUS "no CUDA compiler (nvcc) found: without the CUDA back end")
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
