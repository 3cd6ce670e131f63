#pragma once

/// Before a function: compiled for each of these instruction sets; the loader takes the best that the processor has.
/// What it calls in its loops must be inlined into it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define SIMRUN_HAS_SIMD_VERSIONS
#define SIMRUN_EVERY_SIMD __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define SIMRUN_EVERY_SIMD
#endif

/// For what such functions call.
#define SIMRUN_INLINE inline __attribute__((always_inline))
#define SIMRUN_INLINE_LAMBDA __attribute__((always_inline))
