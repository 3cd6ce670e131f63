#pragma once

#include "kernels/cuda/chunked_top_k.hpp"
#include "kernels/cuda/cosine_transform.hpp"
#include "kernels/cuda/device_arrays.hpp"
#include "kernels/cuda/primitive_checks.hpp"

namespace simrun::cuda {

// Entries of chunks, and cosine transforms of chunks, on arrays of a machine.

/// Primitives::select_in_chunks.
template <class Machine>
void select_in_chunks_on(Machine& machine, const Chunking& chunking, std::span<const float> x,
                         std::span<std::uint32_t> words, std::span<float> values) {
  check_sizes(chunking, x.size(), words.size(), values.size());
  auto elements = uploaded(machine, x);
  typename Machine::template Buffer<std::uint32_t> places(words.size());
  typename Machine::template Buffer<float> kept(values.size());
  auto non_finite = zero<std::uint64_t>(machine);
  launch_chunked_top_k(machine, ChunkedTopK<float>{nullptr, elements.data(), x.size(), chunking, places.data(),
                                                   kept.data(), non_finite.data()});
  fail_on(downloaded(machine, non_finite.data(), 1).front());
  machine.download(words, places.data());
  machine.download(values, kept.data());
}

/// Primitives::add_in_chunks.
template <class Machine>
void add_in_chunks_on(Machine& machine, const Chunking& chunking, std::span<const std::uint32_t> words,
                      std::span<const float> values, float weight, std::span<float> out) {
  check_sizes(chunking, out.size(), words.size(), values.size());
  const auto places = uploaded(machine, words);
  const auto kept = uploaded(machine, values);
  auto sums = uploaded(machine, std::span<const float>(out));
  launch_add_in_chunks(machine, chunking, places.data(), kept.data(), values.size(), weight, sums.data());
  machine.download(out, sums.data());
}

/// The tables in an array of a machine.
template <class Machine>
typename Machine::template Buffer<CosineTables> cosine_tables_on(Machine& machine) {
  return uploaded(machine, std::span<const CosineTables>(&CosineTables::get(), 1));
}

/// Primitives::transform_chunks.
template <class Machine>
void transform_chunks_on(Machine& machine, std::uint32_t chunk, std::span<const float> x,
                         std::span<float> coefficients) {
  if (!Chunking{chunk, chunk}.is_valid() || x.size() != coefficients.size()) throw sizes_differ();
  auto elements = uploaded(machine, x);
  const auto tables = cosine_tables_on(machine);
  typename Machine::template Buffer<float> made(x.size());
  auto non_finite = zero<std::uint64_t>(machine);
  launch_transform_chunks(machine, ChunkTransform<float>{nullptr, elements.data(), x.size(), chunk, tables.data(),
                                                         made.data(), non_finite.data()});
  fail_on(downloaded(machine, non_finite.data(), 1).front());
  machine.download(coefficients, made.data());
}

/// Primitives::add_cosines_in_chunks.
template <class Machine>
void add_cosines_on(Machine& machine, const Chunking& chunking, std::span<const std::uint32_t> words,
                    std::span<const float> values, float weight, std::span<float> out) {
  check_sizes(chunking, out.size(), words.size(), values.size());
  const auto tables = cosine_tables_on(machine);
  const auto places = uploaded(machine, words);
  const auto kept = uploaded(machine, values);
  auto sums = uploaded(machine, std::span<const float>(out));
  launch_add_cosines_in_chunks(machine, chunking, tables.data(), places.data(), kept.data(), values.size(), weight,
                               sums.data(), out.size());
  machine.download(out, sums.data());
}

}  // namespace simrun::cuda
