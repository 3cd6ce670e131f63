#include "kernels/primitives.hpp"

#include "kernels/cpu/operations.hpp"
#include "kernels/layout.hpp"
#include "kernels/parallel.hpp"

namespace simrun {
namespace {

class CpuPrimitives final : public Primitives {
 public:
  explicit CpuPrimitives(unsigned threads) : threads_(threads) {}

  Pairs select_largest(std::span<const float> x, std::size_t k) const override {
    return cpu_select_largest(x, k, threads_);
  }

  Pairs merge_largest(PairsView a, PairsView b, std::size_t k) const override {
    return cpu_merge_largest(a, b, k, threads_, scratch_);
  }

  void select_in_chunks(const Chunking& chunking, std::span<const float> x, std::span<std::uint32_t> words,
                        std::span<float> values) const override {
    cpu_select_in_chunks(chunking, x, words, values, threads_);
  }

  void add_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words, std::span<const float> values,
                     float weight, std::span<float> out) const override {
    cpu_add_in_chunks(chunking, words, values, weight, out, threads_);
  }

  void transform_chunks(std::uint32_t chunk, std::span<const float> x, std::span<float> coefficients) const override {
    cpu_transform_chunks(chunk, x, coefficients, threads_);
  }

  void add_cosines_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words,
                             std::span<const float> values, float weight, std::span<float> out) const override {
    cpu_add_cosines_in_chunks(chunking, words, values, weight, out, threads_);
  }

  void sketch(PairsView pairs, std::span<float> counters) const override { cpu_sketch(pairs, counters, threads_); }

  std::size_t peel(std::span<const std::uint32_t> indices, std::span<const float> counters,
                   std::span<float> values) const override {
    return cpu_peel(indices, counters, values, threads_);
  }

  void pack_signs(std::span<const float> x, std::span<std::uint32_t> words) const override {
    cpu_pack_signs(x, words, threads_);
  }

  double sum(Term term, std::span<const float> x) const override { return cpu_sum(term, x, threads_); }

  std::uint64_t fitted_count(std::span<const float> x, const FittedThreshold& plan) const override {
    return cpu_fitted_count(x, plan, threads_);
  }

  float largest_magnitude(std::span<const float> x) const override { return cpu_largest_magnitude(x, threads_); }

  std::uint64_t count_above(std::span<const float> x, float threshold) const override {
    return cpu_count_above(x, threshold, threads_);
  }

  void add_signs(std::span<const std::uint32_t> words, float positive, float negative,
                 std::span<float> out) const override {
    cpu_add_signs(words, positive, negative, out, threads_);
  }

  void bucket_norms(std::span<const float> x, std::uint64_t bucket, std::span<float> norms) const override {
    cpu_bucket_norms(x, bucket, norms, threads_);
  }

  void round_to_levels(const Rounding& rounding, std::span<const float> x, std::span<const float> scales,
                       std::uint64_t seed, std::span<std::uint32_t> words) const override {
    cpu_round_to_levels(rounding, x, scales, seed, words, threads_);
  }

  void round_to_nearest(const Rounding& rounding, std::span<const float> x, std::span<float> scales,
                        std::span<std::uint32_t> words) const override {
    cpu_round_to_nearest(rounding, x, scales, words, threads_);
  }

  void add_levels(const Rounding& rounding, std::span<const std::uint32_t> words, std::span<const float> scales,
                  float weight, std::span<float> out) const override {
    cpu_add_levels(rounding, words, scales, weight, out, threads_);
  }

  void round_to_powers(std::span<const float> x, std::uint64_t seed, std::span<std::uint32_t> words) const override {
    cpu_round_to_powers(x, seed, words, threads_);
  }

  void add_powers(std::span<const std::uint32_t> words, float weight, std::span<float> out) const override {
    cpu_add_powers(words, weight, out, threads_);
  }

  void vote(std::span<const std::span<const std::uint32_t>> planes, std::span<std::uint32_t> result) const override {
    cpu_vote(planes, result, threads_);
  }

  SparseSigns vote_sparse(std::span<const SparseSignsView> votes, std::size_t elements) const override {
    return cpu_vote_sparse(votes, elements, threads_);
  }

  void scatter_add(PairsView pairs, float weight, std::span<float> out) const override {
    for_each_entry(pairs.indices.size(), [&](std::size_t j) { out[pairs.indices[j]] += weight * pairs.values[j]; });
  }

  void scatter_add(SparseSignsView signs, float weight, std::span<float> out) const override {
    for_each_entry(signs.indices.size(),
                   [&](std::size_t j) { out[signs.indices[j]] += sign_bit(signs.signs, j) ? -weight : weight; });
  }

  void scatter_zero(std::span<const std::uint32_t> indices, std::span<float> out) const override {
    for_each_entry(indices.size(), [&](std::size_t j) { out[indices[j]] = 0.0F; });
  }

  void gather(std::span<const float> x, std::span<const std::uint32_t> indices, std::span<float> out) const override {
    if (out.size() != indices.size()) throw std::invalid_argument("as many values as indices are gathered");
    for_each_entry(indices.size(), [&](std::size_t j) { out[j] = x[indices[j]]; });
  }

  void multiply(const LowRank& shape, std::span<const float> m, std::span<const float> q,
                std::span<float> p) const override {
    cpu_multiply(shape, m, q, p, threads_);
  }

  void multiply_transposed(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                           std::span<float> q) const override {
    cpu_multiply_transposed(shape, m, p, q, threads_);
  }

  void add_product(const LowRank& shape, std::span<const float> p, std::span<const float> q, float weight,
                   std::span<float> m) const override {
    cpu_add_product(shape, p, q, weight, m, threads_);
  }

  void orthonormalise(std::span<float> vectors, std::uint64_t length) const override {
    cpu_orthonormalise(vectors, length);
  }

  void accumulate(std::span<const float> x, float weight, std::span<float> sum) const override {
    cpu_accumulate(x, weight, sum, threads_);
  }

  void narrow(Precision precision, std::span<const float> x, std::span<std::uint16_t> out) const override {
    cpu_narrow(precision, x, out, threads_);
  }

  void add_narrow(Precision precision, std::span<const std::uint16_t> values, float weight,
                  std::span<float> out) const override {
    cpu_add_narrow(precision, values, weight, out, threads_);
  }

  void accumulate_narrow(Precision precision, std::span<const std::uint16_t> values,
                         std::span<std::uint16_t> sum) const override {
    cpu_accumulate_narrow(precision, values, sum, threads_);
  }

 private:
  /// The indices of a list are distinct, so that its entries may be handled in any order.
  template <class Work>
  void for_each_entry(std::size_t entries, const Work& work) const {
    parallel_ranges(entries, useful_threads(entries, threads_), 1,
                    [&](std::size_t, std::size_t begin, std::size_t end) {
                      for (std::size_t j = begin; j < end; ++j) work(j);
                    });
  }

  unsigned threads_;
  mutable ScratchPool scratch_;
};

}  // namespace

std::unique_ptr<const Primitives> make_cpu_primitives(unsigned threads) {
  return std::make_unique<CpuPrimitives>(threads);
}

}  // namespace simrun
