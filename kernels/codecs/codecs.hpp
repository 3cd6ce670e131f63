#pragma once

#include <memory>
#include <span>

#include "kernels/codec.hpp"

namespace simrun {

std::unique_ptr<const Codec> make_dense(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_top_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_gtop_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_ok_top_k(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_signs(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_sparse_signs_codec(const CodecOptions& options,
                                                     std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_scaled_signs(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);

std::unique_ptr<const Codec> make_leader_indices(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_values_at(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_left_factors(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_right_factors(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_edge_factors(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_random_entries(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives);

std::unique_ptr<const Codec> make_gathered_signs(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_two_means(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_qsgd(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_terngrad(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_exponents(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_sampled_pairs(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives);

std::unique_ptr<const Codec> make_block_quantization(const CodecOptions& options,
                                                     std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_requantized_levels(const CodecOptions& options,
                                                     std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_block_maxima(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_levels_at_scales(const CodecOptions& options,
                                                   std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_chunked_top_k(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives);

std::unique_ptr<const Codec> make_cosine_top_k(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);

std::unique_ptr<const Codec> make_sketched_pairs(const CodecOptions& options,
                                                 std::shared_ptr<const Primitives> primitives);

std::unique_ptr<const Codec> make_random_block(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_fitted_pairs(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_summed_levels(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives);
std::unique_ptr<const Codec> make_parted_pairs(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives);

/// Adds up payloads of that dense kind.
std::unique_ptr<const Aggregator> make_dense_sum(PayloadKind kind, std::shared_ptr<const Primitives> primitives);

/// A dense payload of the gradient's values at these indices. Throws NonFiniteError where one of these is not finite in
/// that precision.
Payload values_at(std::span<const float> gradient, std::span<const std::uint32_t> indices, const Primitives& primitives,
                  Precision precision = Precision::fp32);

/// Of codec_parameters().
const CodecParameter* index_parameter();
const CodecParameter* values_parameter();
const CodecParameter* precision_parameter();
const CodecParameter* rank_parameter();
const CodecParameter* levels_parameter();
const CodecParameter* bucket_parameter();
const CodecParameter* packing_parameter();
const CodecParameter* indices_parameter();
const CodecParameter* chunk_parameter();
const CodecParameter* chunk_keeps_parameter();
const CodecParameter* block_parameter();
const CodecParameter* bits_parameter();
const CodecParameter* counters_parameter();
const CodecParameter* requantize_parameter();
const CodecParameter* two_way_parameter();
const CodecParameter* graph_parameter();

/// Throws PayloadError unless `payload` is of that kind and covers that many elements.
void check_payload(const Payload& payload, PayloadKind kind, std::uint64_t elements);

/// Throws PayloadError unless there are parts, of that kind, all over the same elements and with the same index coding
/// and format.
void check_parts(std::span<const Payload> parts, PayloadKind kind);

/// Throws PayloadError if the payload has a size only.
void check_contents(const Payload& payload);

/// Throws PayloadError unless the context has the results of so many earlier rounds.
void check_previous(const RoundContext& context, std::size_t rounds);

bool all_have_contents(std::span<const Payload> parts);

}  // namespace simrun
