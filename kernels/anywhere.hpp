#pragma once

/// SIMRUN_ANYWHERE marks arithmetic that runs on the host and, where nvcc compiles it, on a GPU too.
#ifdef __CUDACC__
#define SIMRUN_ANYWHERE __host__ __device__
#else
#define SIMRUN_ANYWHERE
#endif
