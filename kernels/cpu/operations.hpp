#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu/scratch.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

// The operations of Primitives that have a file of their own, on at most `threads` threads, or on one.

Pairs cpu_select_largest(std::span<const float> x, std::size_t k, unsigned threads);
Pairs cpu_merge_largest(PairsView a, PairsView b, std::size_t k, unsigned threads, ScratchPool& pool);
void cpu_select_in_chunks(const Chunking& chunking, std::span<const float> x, std::span<std::uint32_t> words,
                          std::span<float> values, unsigned threads);
void cpu_add_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words, std::span<const float> values,
                       float weight, std::span<float> out, unsigned threads);
void cpu_transform_chunks(std::uint32_t chunk, std::span<const float> x, std::span<float> coefficients,
                          unsigned threads);
void cpu_add_cosines_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words,
                               std::span<const float> values, float weight, std::span<float> out, unsigned threads);
void cpu_sketch(PairsView pairs, std::span<float> counters, unsigned threads);
std::size_t cpu_peel(std::span<const std::uint32_t> indices, std::span<const float> counters, std::span<float> values,
                     unsigned threads);
void cpu_accumulate(std::span<const float> x, float weight, std::span<float> sum, unsigned threads);
void cpu_narrow(Precision precision, std::span<const float> x, std::span<std::uint16_t> out, unsigned threads);
void cpu_add_narrow(Precision precision, std::span<const std::uint16_t> values, float weight, std::span<float> out,
                    unsigned threads);
void cpu_accumulate_narrow(Precision precision, std::span<const std::uint16_t> values, std::span<std::uint16_t> sum,
                           unsigned threads);
void cpu_pack_signs(std::span<const float> x, std::span<std::uint32_t> words, unsigned threads);
double cpu_sum(Term term, std::span<const float> x, unsigned threads);
std::uint64_t cpu_fitted_count(std::span<const float> x, const FittedThreshold& plan, unsigned threads);
float cpu_largest_magnitude(std::span<const float> x, unsigned threads);
std::uint64_t cpu_count_above(std::span<const float> x, float threshold, unsigned threads);
void cpu_add_signs(std::span<const std::uint32_t> words, float positive, float negative, std::span<float> out,
                   unsigned threads);
void cpu_bucket_norms(std::span<const float> x, std::uint64_t bucket, std::span<float> norms, unsigned threads);
void cpu_round_to_levels(const Rounding& rounding, std::span<const float> x, std::span<const float> scales,
                         std::uint64_t seed, std::span<std::uint32_t> words, unsigned threads);
void cpu_round_to_nearest(const Rounding& rounding, std::span<const float> x, std::span<float> scales,
                          std::span<std::uint32_t> words, unsigned threads);
void cpu_add_levels(const Rounding& rounding, std::span<const std::uint32_t> words, std::span<const float> scales,
                    float weight, std::span<float> out, unsigned threads);
void cpu_round_to_powers(std::span<const float> x, std::uint64_t seed, std::span<std::uint32_t> words,
                         unsigned threads);
void cpu_add_powers(std::span<const std::uint32_t> words, float weight, std::span<float> out, unsigned threads);
void cpu_vote(std::span<const std::span<const std::uint32_t>> planes, std::span<std::uint32_t> result,
              unsigned threads);
SparseSigns cpu_vote_sparse(std::span<const SparseSignsView> votes, std::size_t elements, unsigned threads);

void cpu_multiply(const LowRank& shape, std::span<const float> m, std::span<const float> q, std::span<float> p,
                  unsigned threads);
void cpu_multiply_transposed(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                             std::span<float> q, unsigned threads);
void cpu_add_product(const LowRank& shape, std::span<const float> p, std::span<const float> q, float weight,
                     std::span<float> m, unsigned threads);
void cpu_orthonormalise(std::span<float> vectors, std::uint64_t length);

/// Threads worth their start for so many `items`, each of which costs about a nanosecond.
inline unsigned useful_threads(std::size_t items, unsigned threads) {
  constexpr std::size_t items_a_thread = 32768;
  return static_cast<unsigned>(std::clamp<std::size_t>(items / items_a_thread, 1, std::max(threads, 1U)));
}

}  // namespace simrun
