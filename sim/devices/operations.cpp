#include "sim/devices/operations.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// What an index coding adds; raw32 adds nothing.
void add_index_steps(const Work& work, std::vector<Step>& steps) {
  if (work.index == IndexCoding::none || work.index == IndexCoding::raw32) return;
  const std::string coding(index_coding(work.index).name);
  const auto add = [&](const std::string& direction, double entries, double times) {
    Work one = work;
    one.entries = entries;
    one.parts = 1;
    steps.push_back({"index-" + direction + "." + coding, one, times});
  };
  if (work.stage == Stage::encode) {
    add("encode", work.entries, 1);
  } else {
    add("decode", work.entries / work.parts, work.parts);
    if (work.stage == Stage::combine) add("encode", work.result_entries, 1);
  }
}

/// The operation that profiles have for the stage and the kind, and those of its index coding.
std::vector<Step> own_steps(const Work& work) {
  constexpr const char* stages[] = {"encode.", "combine.", "decode."};
  const std::string kind(layout_of(work.kind).name);
  std::vector<Step> steps = {{stages[static_cast<int>(work.stage)] + kind, work}};
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

/// A kind that has not its own operation in every stage, and what it takes.
struct KindSteps {
  PayloadKind kind;
  std::vector<Step> (*steps)(const Work& work);
};

constexpr KindSteps other_steps[] = {{PayloadKind::dense32, dense32_steps},
                                     {PayloadKind::dense16, dense16_steps},
                                     {PayloadKind::scaled_signs, scaled_signs_steps}};

}  // namespace

const std::vector<OperationEntry>& profile_operations() {
  static const std::vector<OperationEntry> table = {
      {"encode.dense16", {"elements"}, {.per_element = 6}, "fp32 to fp16"},
      {"encode.pairs",
       {"elements", "density"},
       {.per_element = 12, .per_entry = 8},
       "residual += gradient, selection of the K largest, the payload, zeroing of what is sent in the residual"},
      {"encode.signs", {"elements"}, {.per_element = 4.125}, "one bit an element; no error feedback"},
      {"encode.sparse-signs",
       {"elements", "density"},
       {.per_element = 12, .per_entry = 4.125},
       "residual += gradient, selection of the K largest, the payload, zeroing of what is sent in the residual"},
      {"combine.pairs", {"entries"}, {.per_entry = 12}, "merging two payloads, of K entries together, to K / 2"},
      {"combine.signs",
       {"elements", "parts"},
       {.per_element = 0.125, .per_element_and_part = 0.125},
       "majority vote of M payloads"},
      {"combine.sparse-signs",
       {"elements", "density"},
       {.per_entry = 4.125},
       "majority vote of payloads that have K entries together; measured with 8"},
      {"decode.dense16", {"elements"}, {.per_element = 10}, "fp16 added to an fp32 sum"},
      {"decode.pairs", {"entries"}, {.per_entry = 16}, "values added to an fp32 sum; measured in 16 elements an entry"},
      {"decode.signs", {"elements"}, {.per_element = 8.125}, "signs added to an fp32 sum"},
      {"decode.sparse-signs",
       {"entries"},
       {.per_entry = 12.125},
       "signs added to an fp32 sum; measured in 16 elements an entry"},
      {"index-encode.bitmap", {"elements", "density"}, {.per_element = 0.125, .per_entry = 4}, "uint32 to coded"},
      {"index-decode.bitmap", {"elements", "density"}, {.per_element = 0.125, .per_entry = 4}, "coded to uint32"},
      {"index-encode.delta", {"elements", "density"}, {.per_entry = 4}, "uint32 to coded"},
      {"index-decode.delta", {"elements", "density"}, {.per_entry = 4}, "coded to uint32"},
      {"index-encode.elias-fano", {"elements", "density"}, {.per_entry = 4}, "uint32 to coded"},
      {"index-decode.elias-fano", {"elements", "density"}, {.per_entry = 4}, "coded to uint32"},
  };
  return table;
}

const OperationEntry& operation_entry(const std::string& name) {
  const auto& all = profile_operations();
  return *std::find_if(all.begin(), all.end(), [&](const OperationEntry& entry) { return entry.name == name; });
}

std::vector<Step> steps_of(const Work& work) {
  if (work.entries + work.elements == 0) return {};
  const auto* other = std::ranges::find(other_steps, work.kind, &KindSteps::kind);
  return other == std::end(other_steps) ? own_steps(work) : other->steps(work);
}

double value_on(const std::string& axis, const Work& work) {
  if (axis == "elements") return work.elements;
  if (axis == "entries") return work.entries;
  if (axis == "parts") return work.parts;
  return work.entries / std::max(1.0, work.elements);
}

}  // namespace simrun
