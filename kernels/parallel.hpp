#pragma once

#include <cstddef>
#include <functional>

namespace simrun {

/// Calls work(i) for every i in [0, count) on at most `threads` threads and waits for all. No thread outlives the call.
/// The first exception (lowest i) is thrown again.
void parallel_for(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& work);

/// Cuts [0, size) into `threads` ranges whose bounds are multiples of `align` and calls work(part, begin, end) for
/// each, in parallel.
void parallel_ranges(std::size_t size, unsigned threads, std::size_t align,
                     const std::function<void(std::size_t part, std::size_t begin, std::size_t end)>& work);

}  // namespace simrun
