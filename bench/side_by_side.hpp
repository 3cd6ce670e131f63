#pragma once

#include <cstdint>

// What bench/side_by_side.py calls, on arrays of PyTorch: of the processor's memory or, where the name says cuda or
// cub, of the GPU's. Functions return 0, or -1 and leave the reason in simrun_error.

extern "C" {

const char* simrun_error();

/// residual += gradient; the k largest of it, ascending by index; those are set to 0 in the residual.
int simrun_cpu_top_k(const float* gradient, float* residual, std::uint64_t size, std::uint64_t k, std::uint64_t threads,
                     std::uint32_t* indices, float* values);
int simrun_cpu_pack_signs(const float* x, std::uint64_t size, std::uint64_t threads, std::uint32_t* words);

/// residual += gradient; the `keeps` largest of every `chunk` of it: places within chunks, packed, and values; those
/// are set to 0 in the residual.
int simrun_cpu_chunked_top_k(const float* gradient, float* residual, std::uint64_t size, std::uint64_t chunk,
                             std::uint64_t keeps, std::uint64_t threads, std::uint32_t* words, float* values);

/// What a worker does in training, with the codec of that name and its defaults: velocity = 0.9 velocity + gradient
/// takes the gradient's place, the residual is added, k of `size` elements are encoded, and what is sent is taken out
/// of the residual, and out of the velocity if there are both. Either may be null. `decoded`, zeros or null, gets what
/// is sent.
int simrun_cpu_encode(const char* codec, const float* gradient, float* residual, float* velocity, std::uint64_t size,
                      std::uint64_t k, std::uint64_t threads, float* decoded);

/// std::nth_element on pairs of magnitude and index, then sorted; one thread.
int simrun_cpu_nth_element(const float* gradient, float* residual, std::uint64_t size, std::uint64_t k,
                           std::uint32_t* indices, float* values);

/// Bytes of the workspace that the GPU functions below need. It is prepared once, before the first simrun_cuda_top_k of
/// this size and k; simrun_cuda_pack_signs writes over that.
std::uint64_t simrun_cuda_workspace(std::uint64_t size, std::uint64_t k);
int simrun_cuda_prepare(void* stream, void* workspace, std::uint64_t size, std::uint64_t k);

/// The same as on the processor, queued on a stream.
int simrun_cuda_top_k(void* stream, void* workspace, const float* gradient, float* residual, std::uint64_t size,
                      std::uint64_t k, std::uint32_t* indices, float* values);
int simrun_cuda_chunked_top_k(void* stream, void* workspace, const float* gradient, float* residual, std::uint64_t size,
                              std::uint64_t chunk, std::uint64_t keeps, std::uint32_t* words, float* values);
int simrun_cuda_pack_signs(void* stream, void* workspace, const float* x, std::uint64_t size, std::uint32_t* words);

/// All pairs by descending key, by cub::DeviceRadixSort. `workspace` null: sets `workspace_bytes` to what it takes.
int simrun_cub_sort(void* stream, void* workspace, std::uint64_t* workspace_bytes, const float* keys,
                    const std::uint32_t* values, std::uint64_t size, float* sorted_keys, std::uint32_t* sorted_values);

/// The k pairs with the largest keys in any order, by cub::DeviceTopK; fails where this CUB has none (before 3.2).
int simrun_cub_top_k(void* stream, void* workspace, std::uint64_t* workspace_bytes, const float* keys,
                     const std::uint32_t* values, std::uint64_t size, std::uint64_t k, float* top_keys,
                     std::uint32_t* top_values);

}  // extern "C"
