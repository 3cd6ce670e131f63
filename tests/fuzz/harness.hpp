#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// What libFuzzer calls with each input it makes up, and replay.cpp with each file of a corpus. Aborts where something
/// that must hold does not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace simrun {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace simrun
