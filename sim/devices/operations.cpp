#include "sim/devices/operations.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/codec.hpp"
#include "kernels/find_entry.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

double value_on(Axis axis, const Work& work) {
  switch (axis) {
    case Axis::elements:
      return work.elements;
    case Axis::entries:
      return work.entries;
    case Axis::parts:
      return work.parts;
    case Axis::density:
      break;
  }
  return work.entries / std::max(1.0, work.elements);
}

/// What an index coding adds; raw32 adds nothing.
void add_index_steps(const Work& work, std::vector<Step>& steps) {
  if (work.index == IndexCoding::none || work.index == IndexCoding::raw32) return;
  const std::string coding(index_coding(work.index).name);
  const auto add = [&](Stage stage, double entries, double times) {
    Work one = work;
    one.entries = entries;
    one.parts = 1;
    steps.push_back({operation_name(stage, coding), one, times});
  };
  if (work.stage == Stage::encode) {
    add(Stage::index_encode, work.entries, 1);
  } else {
    add(Stage::index_decode, work.entries / work.parts, work.parts);
    if (work.stage == Stage::combine) add(Stage::index_encode, work.result_entries, 1);
  }
}

/// The operation that profiles have for the stage and the kind, and those of its index coding.
std::vector<Step> own_steps(const Work& work) {
  std::vector<Step> steps = {{operation_name(work.stage, std::string(layout_of(work.kind).name)), work}};
  add_index_steps(work, steps);
  return steps;
}

/// They are sent as they are; sums are part of the collective.
std::vector<Step> dense32_steps(const Work&) {
  return {};
}

/// Sums are part of the collective.
std::vector<Step> dense16_steps(const Work& work) {
  return work.stage == Stage::combine ? std::vector<Step>{} : own_steps(work);
}

/// Scaled signs have no operations of their own. Encoding adds the gradient to the residual (12 bytes an element), adds
/// up magnitudes (4), packs signs (4.125) and takes what is sent out of the residual, as decoding adds it (8.125):
/// 28.25. Charged are 3 times packing signs and 2 times decoding them, 28.625.
std::vector<Step> scaled_signs_steps(const Work& work) {
  Work one = work;
  one.parts = 1;
  if (work.stage == Stage::decode) return {{"decode.signs", one, work.parts}};
  return {{"encode.signs", one, 3}, {"decode.signs", one, 2}};
}

// Codecs of methods of several rounds, and others whose work is not their layout's, are charged operations that move as
// many bytes. In brackets: bytes an element or an entry, and the bytes charged.

Work with_parts(const Work& work, double parts) {
  Work one = work;
  one.parts = parts;
  return one;
}

/// The leader selects as top-k does, and writes its indices. The others add the gradient to the residual (12 an
/// element): 3 times packing signs (12.375).
std::vector<Step> leader_indices_steps(const Work& work) {
  if (!work.leads) return {{"encode.signs", work, 3}};
  std::vector<Step> steps = {{"encode.pairs", work}};
  add_index_steps(work, steps);
  return steps;
}

/// Indices are read once. Encoding gathers values and zeroes the residual there (16 an entry), as much as decoding,
/// which adds the sum to the gradient, does (16).
std::vector<Step> values_at_steps(const Work& work) {
  std::vector<Step> steps = {{"decode.pairs", with_parts(work, 1)}};
  if (work.stage != Stage::encode) return steps;
  Work indices = work;
  indices.stage = Stage::decode;
  add_index_steps(indices, steps);
  return steps;
}

/// As values_at_steps; before that the gradient is added to the residual (12 an element; 12.375).
std::vector<Step> random_entries_steps(const Work& work) {
  std::vector<Step> steps = values_at_steps(work);
  if (work.stage == Stage::encode) steps.push_back({"encode.signs", work, 3});
  return steps;
}

/// The gradient is added to the residual (12 an element) and multiplied (4): 4 times packing signs (16.5). A product
/// with few columns takes as long as reading the matrix.
std::vector<Step> left_factors_steps(const Work& work) {
  return {{"encode.signs", with_parts(work, 1), 4}};
}

/// Encoding multiplies (4 an element) and takes what is sent out of the residual (8): 3 times packing signs (12.375).
/// Decoding adds the product to the gradient (8; 8.125).
std::vector<Step> right_factors_steps(const Work& work) {
  if (work.stage == Stage::decode) return {{"decode.signs", with_parts(work, 1)}};
  return {{"encode.signs", with_parts(work, 1), 3}};
}

/// As signs are; before that the momentum is brought up to date: together 16.125 an element (16.5).
std::vector<Step> momentum_signs_steps(const Work& work) {
  if (work.stage == Stage::decode) return {{"decode.signs", with_parts(work, 1), work.parts}};
  return {{"encode.signs", with_parts(work, 1), 4}};
}

/// One payload after another is decoded.
std::vector<Step> gathered_signs_steps(const Work& work) {
  return {{operation_name(work.stage, "signs"), with_parts(work, 1), work.parts}};
}

/// Norms read 4 bytes an element, rounding reads 4 and writes up to 1: twice packing signs (8.25). Decoding adds to the
/// gradient (8 to 9; 8.125).
std::vector<Step> levels_steps(const Work& work) {
  if (work.stage == Stage::decode) return {{"decode.signs", with_parts(work, 1), work.parts}};
  return {{"encode.signs", with_parts(work, 1), 2}};
}

/// Rounding reads 4 bytes an element and writes 1.125; fp32 to fp16 moves 6. Decoding adds to the gradient (9.125; 10).
std::vector<Step> exponents_steps(const Work& work) {
  return {{operation_name(work.stage, "dense16"), with_parts(work, 1), work.parts}};
}

/// The momentum is brought up to date (12 an element) and added to the residual (12), the threshold is tested once and
/// entries are written in a second pass (8), and both are zeroed there (8 an entry): 8 times packing signs (33) and a
/// scatter of the entries.
std::vector<Step> sampled_pairs_steps(const Work& work) {
  if (work.stage == Stage::decode) return own_steps(work);
  std::vector<Step> steps = {{"encode.signs", with_parts(work, 1), 8}, {"decode.pairs", with_parts(work, 1)}};
  add_index_steps(work, steps);
  return steps;
}

/// A codec whose work is not its layout's.
struct CodecSteps {
  std::string_view name;
  std::vector<Step> (*steps)(const Work& work);
};

constexpr CodecSteps codec_steps[] = {{"leader-indices", leader_indices_steps},
                                      {"values-at", values_at_steps},
                                      {"random-entries", random_entries_steps},
                                      {"left-factors", left_factors_steps},
                                      {"right-factors", right_factors_steps},
                                      {"gathered-signs", gathered_signs_steps},
                                      {"momentum-signs", momentum_signs_steps},
                                      {"two-means", scaled_signs_steps},  // the same passes, with sums of both signs
                                      {"qsgd", levels_steps},
                                      {"terngrad", levels_steps},
                                      {"exponents", exponents_steps},
                                      {"sampled-pairs", sampled_pairs_steps}};

/// A kind that has not its own operation in every stage, and what it takes.
struct KindSteps {
  PayloadKind kind;
  std::vector<Step> (*steps)(const Work& work);
};

constexpr KindSteps other_steps[] = {{PayloadKind::dense32, dense32_steps},
                                     {PayloadKind::dense16, dense16_steps},
                                     {PayloadKind::scaled_signs, scaled_signs_steps}};

}  // namespace

std::string operation_name(Stage stage, const std::string& kind) {
  return std::string(name_of(stage)) + "." + kind;
}

const std::vector<OperationEntry>& profile_operations() {
  static const std::vector<OperationEntry> table = {
      {Stage::encode, "dense16", {Axis::elements}, {.per_element = 6}, "fp32 to fp16"},
      {Stage::encode,
       "pairs",
       {Axis::elements, Axis::density},
       {.per_element = 12, .per_entry = 8},
       "residual += gradient, selection of the K largest, the payload, zeroing of what is sent in the residual"},
      {Stage::encode, "signs", {Axis::elements}, {.per_element = 4.125}, "one bit an element; no error feedback"},
      {Stage::encode,
       "sparse-signs",
       {Axis::elements, Axis::density},
       {.per_element = 12, .per_entry = 4.125},
       "residual += gradient, selection of the K largest, the payload, zeroing of what is sent in the residual"},
      {Stage::combine,
       "pairs",
       {Axis::entries},
       {.per_entry = 12},
       "merging two payloads, of K entries together, to K / 2"},
      {Stage::combine,
       "signs",
       {Axis::elements, Axis::parts},
       {.per_element = 0.125, .per_element_and_part = 0.125},
       "majority vote of M payloads"},
      {Stage::combine,
       "sparse-signs",
       {Axis::elements, Axis::density},
       {.per_entry = 4.125},
       "majority vote of payloads that have K entries together; measured with 8"},
      {Stage::decode, "dense16", {Axis::elements}, {.per_element = 10}, "fp16 added to an fp32 sum"},
      {Stage::decode,
       "pairs",
       {Axis::entries},
       {.per_entry = 16},
       "values added to an fp32 sum; measured in 16 elements an entry"},
      {Stage::decode, "signs", {Axis::elements}, {.per_element = 8.125}, "signs added to an fp32 sum"},
      {Stage::decode,
       "sparse-signs",
       {Axis::entries},
       {.per_entry = 12.125},
       "signs added to an fp32 sum; measured in 16 elements an entry"},
      {Stage::index_encode,
       "bitmap",
       {Axis::elements, Axis::density},
       {.per_element = 0.125, .per_entry = 4},
       "uint32 to coded"},
      {Stage::index_decode,
       "bitmap",
       {Axis::elements, Axis::density},
       {.per_element = 0.125, .per_entry = 4},
       "coded to uint32"},
      {Stage::index_encode, "delta", {Axis::elements, Axis::density}, {.per_entry = 4}, "uint32 to coded"},
      {Stage::index_decode, "delta", {Axis::elements, Axis::density}, {.per_entry = 4}, "coded to uint32"},
      {Stage::index_encode, "elias-fano", {Axis::elements, Axis::density}, {.per_entry = 4}, "uint32 to coded"},
      {Stage::index_decode, "elias-fano", {Axis::elements, Axis::density}, {.per_entry = 4}, "coded to uint32"},
  };
  return table;
}

const std::vector<OperationEntry>& codec_operations() {
  static const std::vector<OperationEntry> table = [] {
    std::vector<OperationEntry> all;
    for (const CodecEntry& codec : codecs()) {
      for (const Stage stage : {Stage::encode, Stage::decode}) {
        OperationEntry entry{stage, std::string(codec.name), {Axis::elements}, {}, "all of it, of one payload"};
        const std::string& name = entry.name;
        // Some codecs are called as their layout is, whose operation the name then means.
        if (find_entry(std::span(profile_operations()), name) == nullptr) all.push_back(std::move(entry));
      }
    }
    return all;
  }();
  return table;
}

const OperationEntry& operation_entry(const std::string& name) {
  const OperationEntry* found = find_entry(std::span(profile_operations()), name);
  return found != nullptr ? *found : *find_entry(std::span(codec_operations()), name);
}

std::vector<Step> steps_of(const Work& work) {
  if (work.entries + work.elements == 0) return {};
  const auto* of_codec =
      work.stage == Stage::combine ? nullptr : find_entry(std::span<const CodecSteps>(codec_steps), work.codec);
  if (of_codec != nullptr) return of_codec->steps(work);
  const auto* other = std::ranges::find(other_steps, work.kind, &KindSteps::kind);
  return other == std::end(other_steps) ? own_steps(work) : other->steps(work);
}

std::vector<double> place_of(const Work& work, const CostTable& table) {
  std::vector<double> place;
  for (const CostTable::GridAxis& axis : table.axes()) place.push_back(std::max(1e-30, value_on(axis.axis, work)));
  return place;
}

}  // namespace simrun
