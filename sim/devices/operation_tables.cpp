#include <span>

#include "kernels/codec.hpp"
#include "kernels/find_entry.hpp"
#include "sim/devices/operations.hpp"

namespace simrun {
namespace {

// What kernels do with an entry on its own costs a sector of 32 bytes read and one written.

constexpr const char* selection =
    "residual += gradient, selection of the K largest, the payload, zeroing of what is sent in the residual";

std::vector<OperationEntry> all_profile_operations() {
  using enum Axis;
  using enum Stage;
  return {
      {encode, "dense16", {elements}, {.per_element = 6}, "fp32 to fp16", {1, {.per_element = 6}}},
      // About 2 1/2 candidates an entry: written, looked at three times, and read. The entry: written, and zeroed.
      {encode,
       "pairs",
       {elements, density},
       {.per_element = 12, .per_entry = 8},
       selection,
       {5, {.per_element = 12, .per_entry = 142}, 1}},
      {encode,
       "signs",
       {elements},
       {.per_element = 4.125},
       "one bit an element; no error feedback",
       {1, {.per_element = 4.125}}},
      {encode,
       "sparse-signs",
       {elements, density},
       {.per_element = 12, .per_entry = 4.125},
       selection,
       {5, {.per_element = 12, .per_entry = 142.125}, 1}},
      {combine,
       "pairs",
       {entries},
       {.per_entry = 12},
       "merging two payloads, of K entries together, to K / 2",
       {5, {.per_entry = 40}, 1, 1, 16384}},
      {combine,
       "signs",
       {elements, parts},
       {.per_element = 0.125, .per_element_and_part = 0.125},
       "majority vote of M payloads",
       {1, {.per_element = 0.125, .per_element_and_part = 0.125}}},
      // Two bytes an element of counters.
      {combine,
       "sparse-signs",
       {elements, density},
       {.per_entry = 4.125},
       "majority vote of payloads that have K entries together; measured with 8",
       {3, {.per_element = 2, .per_entry = 8}}},
      {decode, "dense16", {elements}, {.per_element = 10}, "fp16 added to an fp32 sum", {1, {.per_element = 10}}},
      {decode,
       "pairs",
       {entries},
       {.per_entry = 16},
       "values added to an fp32 sum; measured in 16 elements an entry",
       {1, {.per_entry = 72}}},
      {decode, "signs", {elements}, {.per_element = 8.125}, "signs added to an fp32 sum", {1, {.per_element = 8.125}}},
      {decode,
       "sparse-signs",
       {entries},
       {.per_entry = 12.125},
       "signs added to an fp32 sum; measured in 16 elements an entry",
       {1, {.per_entry = 68.125}}},
      {index_encode,
       "bitmap",
       {elements, density},
       {.per_element = 0.125, .per_entry = 4},
       "uint32 to coded",
       {1, {.per_element = 0.125, .per_entry = 8}}},
      {index_decode,
       "bitmap",
       {elements, density},
       {.per_element = 0.125, .per_entry = 4},
       "coded to uint32",
       {2, {.per_element = 0.125, .per_entry = 4}}},
      // Coded, a uniform random support of density 0.001 takes 13 and 12 bits an entry.
      {index_encode, "delta", {elements, density}, {.per_entry = 4}, "uint32 to coded", {2, {.per_entry = 6}}},
      {index_decode, "delta", {elements, density}, {.per_entry = 4}, "coded to uint32", {2, {.per_entry = 6}}},
      {index_encode, "elias-fano", {elements, density}, {.per_entry = 4}, "uint32 to coded", {1, {.per_entry = 6}}},
      {index_decode, "elias-fano", {elements, density}, {.per_entry = 4}, "coded to uint32", {2, {.per_entry = 6}}},
  };
}

/// A codec's encoding, with its error feedback or momentum, or its decoding.
struct CodecWork {
  Stage stage;
  std::string_view codec;
  MovedBytes bytes;  ///< the fewest
  KernelWork kernels;
};

/// Decoding signs one after another.
constexpr MovedBytes added_signs{.per_element = 8.125};
/// A value read from the payload, and one of the gradient changed.
constexpr MovedBytes scattered_values{.per_entry = 16};
constexpr KernelWork scatter{1, {.per_entry = 72}};

// Passes of fp32: the gradient added to the residual is 12 bytes an element, a pass that only reads 4, signs packed
// 4.125, signs added 8.125.
constexpr CodecWork codec_work[] = {
    // Residual and mean magnitude; signs, and what is sent taken out of the residual.
    {Stage::encode, "scaled-signs", {.per_element = 12.125}, {2, {.per_element = 20.125}}},
    {Stage::decode, "scaled-signs", added_signs, {1, added_signs}},
    // Of all but leaders: residual.
    {Stage::encode, "leader-indices", {.per_element = 12}, {1, {.per_element = 12}}},
    // Values taken out of the residual.
    {Stage::encode, "values-at", {.per_entry = 16}, {1, {.per_entry = 72}}},
    {Stage::decode, "values-at", scattered_values, scatter},
    // Residual and product with Q, which takes as long as reading the matrix if Q has few columns.
    {Stage::encode, "left-factors", {.per_element = 12}, {1, {.per_element = 12}}},
    // P made orthonormal, product with P in two launches, what is sent taken out of the residual.
    {Stage::encode, "right-factors", {.per_element = 12}, {4, {.per_element = 12}}},
    // P made orthonormal, product.
    {Stage::decode, "right-factors", {.per_element = 8}, {2, {.per_element = 8}}},
    // Residual; values taken out of it.
    {Stage::encode, "random-entries", {.per_element = 12, .per_entry = 16}, {2, {.per_element = 12, .per_entry = 72}}},
    {Stage::decode, "random-entries", scattered_values, scatter},
    {Stage::encode, "gathered-signs", {.per_element = 4.125}, {1, {.per_element = 4.125}}},
    {Stage::decode, "gathered-signs", added_signs, {1, added_signs}},
    // Momentum and signs.
    {Stage::encode, "momentum-signs", {.per_element = 12.125}, {1, {.per_element = 12.125}}},
    {Stage::decode, "momentum-signs", added_signs, {1, added_signs}},
    // Residual and the means; signs, and what is sent taken out of the residual.
    {Stage::encode, "two-means", {.per_element = 12.125}, {2, {.per_element = 20.125}}},
    {Stage::decode, "two-means", added_signs, {1, added_signs}},
    // Norms and rounding, to up to a byte.
    {Stage::encode, "qsgd", {.per_element = 4.5}, {1, {.per_element = 5}}},
    {Stage::decode, "qsgd", {.per_element = 8.5}, {1, {.per_element = 9}}},
    // Sum of squares and largest magnitude; rounding.
    {Stage::encode, "terngrad", {.per_element = 4.25}, {2, {.per_element = 8.25}, {}, 2}},
    {Stage::decode, "terngrad", {.per_element = 8.25}, {1, {.per_element = 8.25}}},
    {Stage::encode, "exponents", {.per_element = 5.125}, {1, {.per_element = 5.125}}},
    {Stage::decode, "exponents", {.per_element = 9.125}, {1, {.per_element = 9.125}}},
    // Momentum, a sample and its selection, residual and a selection of 1.3 K, of which those above the threshold are
    // sent, and zeroed in both.
    {Stage::encode,
     "sampled-pairs",
     {.per_element = 20, .per_entry = 8},
     {9, {.per_element = 24, .per_entry = 289}, 5}},
    {Stage::decode, "sampled-pairs", scattered_values, scatter},
    // Residual, selection, payload (places of 12 bits), what is sent taken out of the residual.
    {Stage::encode, "chunked-top-k", {.per_element = 12, .per_entry = 5.5}, {1, {.per_element = 12, .per_entry = 5.5}}},
    {Stage::decode, "chunked-top-k", {.per_entry = 13.5}, {1, {.per_entry = 69.5}}},
    // Residual and transform, selection, what is sent transformed back and taken out of the residual. The fewest: as
    // chunked-top-k, and all of the sum in decoding.
    {Stage::encode, "cosine-top-k", {.per_element = 12, .per_entry = 5.5}, {3, {.per_element = 28, .per_entry = 11}}},
    {Stage::decode, "cosine-top-k", {.per_element = 8, .per_entry = 5.5}, {1, {.per_element = 8, .per_entry = 5.5}}},
    // Residual, largest magnitudes, rounding to up to a byte, what is sent taken out of the residual.
    {Stage::encode, "block-quantization", {.per_element = 12.5}, {1, {.per_element = 13}}},
    {Stage::decode, "block-quantization", {.per_element = 8.5}, {1, {.per_element = 9}}},
    // The same, of one payload. Sums are rounded again by decoding each part and encoding the sum.
    {Stage::encode, "requantized-levels", {.per_element = 12.5}, {1, {.per_element = 13}}},
    {Stage::decode, "requantized-levels", {.per_element = 8.5}, {1, {.per_element = 9}}},
    // The same; sums are decoded from 16 bits, which takes as good as long.
    {Stage::encode, "summed-levels", {.per_element = 12.5}, {1, {.per_element = 13}}},
    {Stage::decode, "summed-levels", {.per_element = 8.5}, {1, {.per_element = 9}}},
    // Residual; largest magnitudes, with levels that nobody needs.
    {Stage::encode, "block-maxima", {.per_element = 12}, {2, {.per_element = 17}}},
    // Rounding, to up to a byte; what is sent taken out of the residual.
    {Stage::encode, "levels-at-scales", {.per_element = 8.5}, {2, {.per_element = 14}}},
    {Stage::decode, "levels-at-scales", {.per_element = 8.5}, {1, {.per_element = 9}}},
    // Entries are columns: four for each of K as codecs are made without options, three counters each. Residual and
    // selection, bits, sketch.
    {Stage::encode,
     "sketched-pairs",
     {.per_element = 12.125, .per_entry = 12},
     {10, {.per_element = 12.125, .per_entry = 148}, 6}},
    // The sum of 8: two entries a column. Bits, ten rounds of peeling, values added to an fp32 sum.
    {Stage::decode,
     "sketched-pairs",
     {.per_element = 0.125, .per_entry = 28},
     {28, {.per_element = 0.25, .per_entry = 2330}}},
    // As random-entries, but neighbours share sectors.
    {Stage::encode, "random-block", {.per_element = 12, .per_entry = 12}, {2, {.per_element = 12, .per_entry = 16}}},
    {Stage::decode, "random-block", {.per_entry = 12}, {1, {.per_entry = 16}}},
    // Residual and sum, four more stages' sums as at density 0.001, and a selection of 2 K, of which those above the
    // threshold are sent, and zeroed.
    {Stage::encode,
     "fitted-pairs",
     {.per_element = 12, .per_entry = 8},
     {11, {.per_element = 32, .per_entry = 372}, 7}},
    {Stage::decode, "fitted-pairs", scattered_values, scatter},
    // What the ends of an edge know made orthonormal, and the product of the model with it; the same and P Q^T. Neither
    // the difference of payloads, which are small, nor that products from the left take two launches is counted.
    {Stage::encode, "edge-factors", {.per_element = 4}, {2, {.per_element = 4}}},
    {Stage::decode, "edge-factors", {.per_element = 8}, {2, {.per_element = 8}}},
};

OperationEntry codec_operation(Stage stage, const CodecEntry& codec) {
  OperationEntry entry{stage, std::string(codec.name), {Axis::elements}, {}, "all of it, of one payload", {}};
  if (codec.sparsifies) entry.axes.push_back(Axis::density);
  for (const CodecWork& work : codec_work) {
    if (work.stage != stage || work.codec != codec.name) continue;
    entry.bytes = work.bytes;
    entry.kernels = work.kernels;
    entry.kernels.cycles = seen_cycles(entry.name);
  }
  return entry;
}

}  // namespace

const std::vector<OperationEntry>& profile_operations() {
  static const std::vector<OperationEntry> table = [] {
    std::vector<OperationEntry> all = all_profile_operations();
    for (OperationEntry& entry : all) entry.kernels.cycles = seen_cycles(entry.name);
    return all;
  }();
  return table;
}

const std::vector<OperationEntry>& codec_operations() {
  static const std::vector<OperationEntry> table = [] {
    std::vector<OperationEntry> all;
    for (const CodecEntry& codec : codecs()) {
      for (const Stage stage : {Stage::encode, Stage::decode}) {
        OperationEntry entry = codec_operation(stage, codec);
        const std::string& name = entry.name;
        // Some codecs are called as their layout is, whose operation the name then means.
        if (find_entry(std::span(profile_operations()), name) == nullptr) all.push_back(std::move(entry));
      }
    }
    return all;
  }();
  return table;
}

}  // namespace simrun
