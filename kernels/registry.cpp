#include <algorithm>
#include <stdexcept>

#include "kernels/codec.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/codecs/two_way.hpp"
#include "kernels/find_entry.hpp"

namespace simrun {
namespace {

const std::vector<CodecEntry>& table() {
  static const std::vector<CodecEntry> all = {
      {.name = "dense",
       .summary = "every value, added up",
       .encoding = "dense",
       .parameters = {precision_parameter()},
       .make = make_dense},
      {.name = "top-k",
       .summary = "the K largest values; every worker gets all of them",
       .encoding = "largest-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter(), values_parameter(), two_way_parameter()},
       .make = one_or_two_ways<make_top_k>},
      {.name = "gtop-k",
       .summary = "the K largest values; merged in pairs to the K largest sums",
       .encoding = "largest-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter(), values_parameter()},
       .make = make_gtop_k},
      {.name = "signs", .summary = "one bit an element; the majority wins", .encoding = "signs", .make = make_signs},
      {.name = "scaled-signs",
       .summary = "one bit an element and their mean magnitude; every worker gets all",
       .encoding = "scaled-signs",
       .feeds_back = true,
       .parameters = {two_way_parameter()},
       .make = one_or_two_ways<make_scaled_signs>},
      {.name = "sparse-signs",
       .summary = "the signs of the K largest values; the majority wins",
       .encoding = "largest-signs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter()},
       .make = make_sparse_signs_codec},
      {.name = "leader-indices",
       .summary = "round 1 of 2: where the K largest values of the step's leader are",
       .encoding = "leader-indices",
       .sparsifies = true,
       .feeds_back = true,
       .stands_alone = false,
       .parameters = {index_parameter(), values_parameter()},
       .make = make_leader_indices},
      {.name = "values-at",
       .summary = "round 2 of 2: the values there, added up",
       .encoding = "values-at",
       .sparsifies = true,
       .stands_alone = false,
       .make = make_values_at},
      {.name = "left-factors",
       .summary = "round 1 of 2: matrices times the last step's right factors, added up",
       .encoding = "left-factors",
       .feeds_back = true,
       .stands_alone = false,
       .parameters = {rank_parameter()},
       .make = make_left_factors},
      {.name = "right-factors",
       .summary = "round 2 of 2: matrices, transposed, times the left factors, added up",
       .encoding = "right-factors",
       .stands_alone = false,
       .make = make_right_factors},
      {.name = "random-entries",
       .summary = "K values at places that all workers draw alike, added up",
       .encoding = "random-entries",
       .sparsifies = true,
       .feeds_back = true,
       .stands_alone = false,
       .parameters = {indices_parameter(), values_parameter()},
       .make = make_random_entries},
      {.name = "gathered-signs",
       .summary = "one bit an element; every worker gets all",
       .encoding = "signs",
       .make = make_gathered_signs},
      {.name = "momentum-signs",
       .summary = "one bit an element of the momentum; every worker gets all",
       .encoding = "signs",
       .make = make_gathered_signs},
      {.name = "two-means",
       .summary = "one bit an element and two means; every worker gets all",
       .encoding = "two-means",
       .feeds_back = true,
       .parameters = {two_way_parameter()},
       .make = one_or_two_ways<make_two_means>},
      {.name = "qsgd",
       .summary = "levels rounded to at random, and norms; every worker gets all",
       .encoding = "qsgd",
       .rounds = true,
       .parameters = {levels_parameter(), bucket_parameter(), packing_parameter()},
       .make = make_qsgd},
      {.name = "terngrad",
       .summary = "-1, 0 or 1 at random, and a scale; every worker gets all",
       .encoding = "terngrad",
       .rounds = true,
       .make = make_terngrad},
      {.name = "exponents",
       .summary = "powers of two rounded to at random; every worker gets all",
       .encoding = "exponents",
       .rounds = true,
       .make = make_exponents},
      {.name = "sampled-pairs",
       .summary = "about K values above a threshold found by sampling; every worker gets all of them",
       .encoding = "sampled-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .varies = true,
       .parameters = {index_parameter(), values_parameter()},
       .make = make_sampled_pairs},
      {.name = "chunked-top-k",
       .summary = "the largest values of every chunk of neighbours; every worker gets all of them",
       .encoding = "chunked-top-k",
       .feeds_back = true,
       .parameters = {chunk_parameter(), chunk_keeps_parameter(), values_parameter(), two_way_parameter()},
       .make = one_or_two_ways<make_chunked_top_k>},
      {.name = "cosine-top-k",
       .summary = "the largest coefficients of a cosine transform of every chunk; every worker gets all of them",
       .encoding = "cosine-top-k",
       .feeds_back = true,
       .parameters = {chunk_parameter(), chunk_keeps_parameter(), values_parameter(), two_way_parameter()},
       .make = one_or_two_ways<make_cosine_top_k>},
      {.name = "block-quantization",
       .summary = "levels rounded to nearest, and the largest magnitude a block; every worker gets all",
       .encoding = "block-quantization",
       .feeds_back = true,
       .parameters = {block_parameter(), bits_parameter(), two_way_parameter()},
       .make = one_or_two_ways<make_block_quantization>},
      {.name = "requantized-levels",
       .summary = "levels rounded to nearest, and the largest magnitude a block; sums are rounded again",
       .encoding = "block-quantization",
       .feeds_back = true,
       .parameters = {block_parameter(), bits_parameter(), requantize_parameter()},
       .make = make_requantized_levels},
      {.name = "block-maxima",
       .summary = "round 1 of 2: the largest magnitude a block, of all workers",
       .encoding = "block-maxima",
       .feeds_back = true,
       .stands_alone = false,
       .parameters = {block_parameter(), bits_parameter(), requantize_parameter()},
       .make = make_block_maxima},
      {.name = "levels-at-scales",
       .summary = "round 2 of 2: levels of these, rounded to at random, added up as whole numbers",
       .encoding = "levels-at-scales",
       .rounds = true,
       .stands_alone = false,
       .make = make_levels_at_scales},
      {.name = "sketched-pairs",
       .summary = "the K largest values in a count sketch, and where they are; sketches are added up",
       .encoding = "sketched-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {counters_parameter()},
       .make = make_sketched_pairs},
      {.name = "random-block",
       .summary = "K neighbouring values from a place that all workers draw alike, added up",
       .encoding = "random-block",
       .sparsifies = true,
       .feeds_back = true,
       .stands_alone = false,
       .parameters = {values_parameter()},
       .make = make_random_block},
      {.name = "fitted-pairs",
       .summary = "about K values above a threshold that is fitted in stages; every worker gets all of them",
       .encoding = "fitted-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter(), values_parameter()},
       .make = make_fitted_pairs},
      {.name = "parted-pairs",
       .summary = "K/M values, the largest of each of M parts; merged part by part",
       .encoding = "parted-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .make = make_parted_pairs},
      {.name = "ok-top-k",
       .summary = "the K largest values; all are added up, and the K largest sums kept",
       .encoding = "largest-pairs",
       .sparsifies = true,
       .feeds_back = true,
       .parameters = {index_parameter()},
       .make = make_ok_top_k},
      {.name = "summed-levels",
       .summary = "levels rounded to nearest, and the largest magnitude a block; sums are dense",
       .encoding = "block-quantization",
       .feeds_back = true,
       .parameters = {block_parameter(), bits_parameter(), precision_parameter()},
       .make = make_summed_levels},
      {.name = "edge-factors",
       .summary = "models' matrices times what both ends of an edge know, in turns from the right and from the left",
       .encoding = "edge-factors",
       .stands_alone = false,
       .parameters = {rank_parameter(), graph_parameter()},
       .make = make_edge_factors},
  };
  return all;
}

}  // namespace

Payload Aggregator::accepted(const Payload& sent, const Payload&) const {
  return sent;
}

std::vector<Payload> Codec::sizes(std::span<const float> gradient, std::size_t entries,
                                  std::span<const RoundContext> steps) const {
  std::vector<Payload> all;
  for (const RoundContext& step : steps) all.push_back(encode(gradient, entries, step).without_contents());
  return all;
}

std::optional<Payload> Aggregator::cut_off(std::span<const Payload>, const Payload&) const {
  return std::nullopt;
}

std::optional<Payload::Header> Codec::shape_in_step(std::uint64_t, std::uint64_t elements, std::uint64_t entries,
                                                    std::span<const TensorShape> tensors) const {
  return shape(elements, entries, tensors);
}

/// Of sparse payloads: header, values, gaps of 32 bits, and a base and a width for each block of 128 gaps or less,
/// rounded up. A table of values may come before these.
std::uint64_t Codec::most_bytes(std::uint64_t, std::uint64_t entries) const {
  constexpr std::uint64_t table = 16;
  return Payload::header_bytes + table + 8 * entries + 5 * (entries / 128 + 1) + 3;
}

void Codec::zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const {
  settle(sent, values, context);
}

Payload Codec::encode_largest(PairsView, std::uint64_t) const {
  throw std::logic_error("this codec does not keep the largest elements");
}

std::span<const CodecEntry> codecs() {
  return table();
}

const CodecEntry* find_codec(std::string_view name) {
  return find_entry(codecs(), name);
}

}  // namespace simrun
