#pragma once

#include <limits>

#include "kernels/cuda/accumulate.hpp"
#include "kernels/cuda/bucket_norms.hpp"
#include "kernels/cuda/dense16.hpp"
#include "kernels/cuda/device_chunks.hpp"
#include "kernels/cuda/device_selection.hpp"
#include "kernels/cuda/device_sketch.hpp"
#include "kernels/cuda/device_sums.hpp"
#include "kernels/cuda/device_votes.hpp"
#include "kernels/cuda/low_rank.hpp"
#include "kernels/cuda/primitive_checks.hpp"
#include "kernels/cuda/quantize.hpp"
#include "kernels/cuda/rounding.hpp"
#include "kernels/cuda/scatter.hpp"
#include "kernels/cuda/signs.hpp"

namespace simrun::cuda {

/// The array operations on kernels: arrays go to the machine, kernels run, results come back.
template <class Machine>
class KernelPrimitives final : public Primitives {
 public:
  explicit KernelPrimitives(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {}

  Pairs select_largest(std::span<const float> x, std::size_t k) const override {
    DeviceTopK<Machine, float> selection(*machine_, {}, x, k, Sent::values, false);
    selection.run();
    return selection.pairs();
  }

  Pairs merge_largest(PairsView a, PairsView b, std::size_t k) const override {
    if (k == 0 || a.indices.size() + b.indices.size() == 0) return {};
    DeviceMerge<Machine> merge(*machine_, a, b, k);
    merge.run();
    return merge.pairs();
  }

  void select_in_chunks(const Chunking& chunking, std::span<const float> x, std::span<std::uint32_t> words,
                        std::span<float> values) const override {
    select_in_chunks_on(*machine_, chunking, x, words, values);
  }

  void add_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words, std::span<const float> values,
                     float weight, std::span<float> out) const override {
    add_in_chunks_on(*machine_, chunking, words, values, weight, out);
  }

  void transform_chunks(std::uint32_t chunk, std::span<const float> x, std::span<float> coefficients) const override {
    transform_chunks_on(*machine_, chunk, x, coefficients);
  }

  void add_cosines_in_chunks(const Chunking& chunking, std::span<const std::uint32_t> words,
                             std::span<const float> values, float weight, std::span<float> out) const override {
    add_cosines_on(*machine_, chunking, words, values, weight, out);
  }

  void sketch(PairsView pairs, std::span<float> counters) const override { sketch_on(*machine_, pairs, counters); }

  std::size_t peel(std::span<const std::uint32_t> indices, std::span<const float> counters,
                   std::span<float> values) const override {
    return peel_on(*machine_, indices, counters, values);
  }

  void pack_signs(std::span<const float> x, std::span<std::uint32_t> words) const override {
    if (words.size() != divide_up<std::size_t>(x.size(), warp_lanes)) throw sizes_differ();
    const auto values = uploaded(*machine_, x);
    Buffer<std::uint32_t> packed(words.size());
    Buffer<std::uint64_t> non_finite = zero<std::uint64_t>(*machine_);
    launch_pack_signs(*machine_, values.data(), Entries{x.size()}, packed.data(), non_finite.data());
    fail_on(downloaded(*machine_, non_finite.data(), 1).front());
    machine_->download(words, packed.data());
  }

  double sum(Term term, std::span<const float> x) const override { return sum_on(*machine_, term, x); }

  std::uint64_t fitted_count(std::span<const float> x, const FittedThreshold& plan) const override {
    return fitted_count_on(*machine_, x, plan);
  }

  float largest_magnitude(std::span<const float> x) const override {
    const auto values = uploaded(*machine_, x);
    Buffer<std::uint64_t> largest = zero<std::uint64_t>(*machine_);
    launch_largest_magnitude(*machine_, values.data(), x.size(), largest.data());
    return float_of(static_cast<std::uint32_t>(downloaded(*machine_, largest.data(), 1).front()));
  }

  std::uint64_t count_above(std::span<const float> x, float threshold) const override {
    const auto values = uploaded(*machine_, x);
    Buffer<std::uint64_t> count = zero<std::uint64_t>(*machine_);
    launch_count_above(*machine_, values.data(), x.size(), threshold, count.data());
    return downloaded(*machine_, count.data(), 1).front();
  }

  void bucket_norms(std::span<const float> x, std::uint64_t bucket, std::span<float> norms) const override {
    if (bucket == 0 || norms.size() != Rounding{.bucket = bucket}.buckets(x.size())) throw sizes_differ();
    const auto values = uploaded(*machine_, x);
    change(norms, [&](float* all) { launch_bucket_norms(*machine_, values.data(), x.size(), bucket, all); });
  }

  void round_to_levels(const Rounding& rounding, std::span<const float> x, std::span<const float> scales,
                       std::uint64_t seed, std::span<std::uint32_t> words) const override {
    if (scales.size() != rounding.buckets(x.size())) throw sizes_differ();
    const auto each = uploaded(*machine_, scales);
    round(LevelCode{rounding, each.data()}, rounding.bits, x, seed, words);
  }

  void round_to_nearest(const Rounding& rounding, std::span<const float> x, std::span<float> scales,
                        std::span<std::uint32_t> words) const override {
    if (!rounding.has_blocks() || scales.size() != rounding.buckets(x.size()) ||
        words.size() != code_words(x.size(), rounding.bits))
      throw sizes_differ();
    auto values = uploaded(*machine_, x);
    Buffer<float> largest(scales.size());
    Buffer<std::uint32_t> codes(words.size());
    Buffer<std::uint64_t> non_finite = zero<std::uint64_t>(*machine_);
    launch_quantize(*machine_, Quantization<float>{nullptr, values.data(), x.size(), rounding, largest.data(),
                                                   codes.data(), non_finite.data()});
    fail_on(downloaded(*machine_, non_finite.data(), 1).front());
    machine_->download(scales, largest.data());
    machine_->download(words, codes.data());
  }

  void add_levels(const Rounding& rounding, std::span<const std::uint32_t> words, std::span<const float> scales,
                  float weight, std::span<float> out) const override {
    if (scales.size() != rounding.buckets(out.size())) throw sizes_differ();
    const auto each = uploaded(*machine_, scales);
    add_codes(LevelCode{rounding, each.data()}, rounding.bits, words, weight, out);
  }

  void round_to_powers(std::span<const float> x, std::uint64_t seed, std::span<std::uint32_t> words) const override {
    round(PowerCode{}, exponent_bits, x, seed, words);
  }

  void add_powers(std::span<const std::uint32_t> words, float weight, std::span<float> out) const override {
    add_codes(PowerCode{}, exponent_bits, words, weight, out);
  }

  void add_signs(std::span<const std::uint32_t> words, float positive, float negative,
                 std::span<float> out) const override {
    if (words.size() != divide_up<std::size_t>(out.size(), warp_lanes)) throw sizes_differ();
    const auto signs = uploaded(*machine_, words);
    change(out, [&](float* sums) {
      launch_add_signs(*machine_, signs.data(), {positive, negative}, sums, out.size());
    });
  }

  void vote(std::span<const std::span<const std::uint32_t>> planes, std::span<std::uint32_t> result) const override {
    check_sizes(planes, result.size());
    DeviceVote<Machine> vote(*machine_, planes);
    vote.run();
    machine_->download(result, vote.result());
  }

  SparseSigns vote_sparse(std::span<const SparseSignsView> votes, std::size_t elements) const override {
    if (votes.empty() || elements == 0) return {};
    DeviceSparseVote<Machine> vote(*machine_, votes, elements);
    vote.run();
    return vote.signs();
  }

  void scatter_add(PairsView pairs, float weight, std::span<float> out) const override {
    const auto indices = uploaded(*machine_, pairs.indices);
    const auto values = uploaded(*machine_, pairs.values);
    change(out, [&](float* sums) {
      launch_scatter_add(*machine_, indices.data(), values.data(), Entries{pairs.indices.size()}, weight, sums);
    });
  }

  void scatter_add(SparseSignsView votes, float weight, std::span<float> out) const override {
    const auto indices = uploaded(*machine_, votes.indices);
    const auto signs = uploaded(*machine_, as_numbers(votes.signs));
    change(out, [&](float* sums) {
      launch_scatter_add(*machine_, indices.data(), signs.data(), Entries{votes.indices.size()}, weight, sums);
    });
  }

  void scatter_zero(std::span<const std::uint32_t> indices, std::span<float> out) const override {
    const auto places = uploaded(*machine_, indices);
    change(out, [&](float* values) { launch_scatter_zero(*machine_, places.data(), Entries{indices.size()}, values); });
  }

  void gather(std::span<const float> x, std::span<const std::uint32_t> indices, std::span<float> out) const override {
    if (out.size() != indices.size()) throw sizes_differ();
    const auto values = uploaded(*machine_, x);
    const auto places = uploaded(*machine_, indices);
    change(out, [&](float* gathered) {
      launch_gather(*machine_, values.data(), places.data(), Entries{indices.size()}, gathered);
    });
  }

  void multiply(const LowRank& shape, std::span<const float> m, std::span<const float> q,
                std::span<float> p) const override {
    check_sizes(shape, m, p, q);
    const auto matrix = uploaded(*machine_, m);
    const auto right = uploaded(*machine_, q);
    change(p, [&](float* left) {
      launch_multiply(*machine_, shape, GivenElements<float>{matrix.data()}, right.data(), left);
    });
  }

  void multiply_transposed(const LowRank& shape, std::span<const float> m, std::span<const float> p,
                           std::span<float> q) const override {
    check_sizes(shape, m, p, q);
    const auto matrix = uploaded(*machine_, m);
    const auto left = uploaded(*machine_, p);
    Buffer<float> partial(RowSlices::of(shape).partial_sums(shape));
    change(q, [&](float* right) {
      launch_multiply_transposed(*machine_, shape, matrix.data(), left.data(), partial.data(), right);
    });
  }

  void add_product(const LowRank& shape, std::span<const float> p, std::span<const float> q, float weight,
                   std::span<float> m) const override {
    check_sizes(shape, m, p, q);
    const auto left = uploaded(*machine_, p);
    const auto right = uploaded(*machine_, q);
    change(m, [&](float* matrix) { launch_add_product(*machine_, shape, left.data(), right.data(), weight, matrix); });
  }

  void orthonormalise(std::span<float> vectors, std::uint64_t length) const override {
    if (length == 0 || vectors.size() % length != 0) throw sizes_differ();
    change(vectors, [&](float* all) { launch_orthonormalise(*machine_, all, all, vectors.size() / length, length); });
  }

  void accumulate(std::span<const float> x, float weight, std::span<float> sum) const override {
    if (x.size() != sum.size()) throw sizes_differ();
    const auto terms = uploaded(*machine_, x);
    change(sum, [&](float* sums) { launch_accumulate(*machine_, terms.data(), weight, sums, sum.size()); });
  }

  void narrow(Precision precision, std::span<const float> x, std::span<std::uint16_t> out) const override {
    if (x.size() != out.size()) throw sizes_differ();
    const auto values = uploaded(*machine_, x);
    Buffer<std::uint16_t> bits(out.size());
    Buffer<NarrowFlaws> flaws = zero<NarrowFlaws>(*machine_);
    launch_to_narrow(*machine_, precision, values.data(), bits.data(), x.size(), flaws.data());
    fail_on(downloaded(*machine_, flaws.data(), 1).front().too_large);
    machine_->download(out, bits.data());
  }

  void add_narrow(Precision precision, std::span<const std::uint16_t> values, float weight,
                  std::span<float> out) const override {
    if (values.size() != out.size()) throw sizes_differ();
    const auto bits = uploaded(*machine_, values);
    change(out, [&](float* sums) { launch_add_narrow(*machine_, precision, bits.data(), weight, sums, out.size()); });
  }

  void accumulate_narrow(Precision precision, std::span<const std::uint16_t> values,
                         std::span<std::uint16_t> sum) const override {
    if (values.size() != sum.size()) throw sizes_differ();
    const auto bits = uploaded(*machine_, values);
    change(sum, [&](auto* sums) { launch_accumulate_narrow(*machine_, precision, bits.data(), sums, sum.size()); });
  }

 private:
  template <class T>
  using Buffer = typename Machine::template Buffer<T>;

  template <class Code>
  void round(const Code& code, unsigned bits, std::span<const float> x, std::uint64_t seed,
             std::span<std::uint32_t> words) const {
    if (words.size() != code_words(x.size(), bits)) throw sizes_differ();
    const auto values = uploaded(*machine_, x);
    Buffer<std::uint32_t> codes(words.size());
    Buffer<std::uint64_t> non_finite = zero<std::uint64_t>(*machine_);
    launch_round(*machine_, code, values.data(), x.size(), seed, codes.data(), non_finite.data());
    fail_on(downloaded(*machine_, non_finite.data(), 1).front());
    machine_->download(words, codes.data());
  }

  template <class Code>
  void add_codes(const Code& code, unsigned bits, std::span<const std::uint32_t> words, float weight,
                 std::span<float> out) const {
    if (words.size() != code_words(out.size(), bits)) throw sizes_differ();
    const auto codes = uploaded(*machine_, words);
    change(out, [&](float* sums) { launch_add_codes(*machine_, code, codes.data(), weight, sums, out.size()); });
  }

  /// Calls launch(array) with a copy of `values` on the machine, and copies it back.
  template <class T, class Launch>
  void change(std::span<T> values, const Launch& launch) const {
    auto array = uploaded(*machine_, std::span<const T>(values));
    launch(array.data());
    machine_->download(values, array.data());
  }

  std::unique_ptr<Machine> machine_;
};

}  // namespace simrun::cuda
