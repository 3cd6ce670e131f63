#include "sim/devices/operations.hpp"

#include <algorithm>

#include "kernels/index_coding.hpp"

namespace simrun {
namespace {

std::string kind_name(PayloadKind kind) {
  switch (kind) {
    case PayloadKind::dense32:
      return "dense32";
    case PayloadKind::dense16:
      return "dense16";
    case PayloadKind::pairs:
      return "pairs";
    case PayloadKind::signs:
      return "signs";
    case PayloadKind::sparse_signs:
    case PayloadKind::scaled_signs:  // made of the operations of signs
      break;
  }
  return "sparse-signs";
}

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

/// Scaled signs have no operations of their own. Encoding adds the gradient to the residual (12 bytes an element), adds
/// up magnitudes (4), packs signs (4.125) and takes what is sent out of the residual, as decoding adds it (8.125):
/// 28.25. Charged are 3 times packing signs and 2 times decoding them, 28.625.
std::vector<Step> scaled_signs_steps(const Work& work) {
  Work one = work;
  one.parts = 1;
  if (work.stage == Stage::decode) return {{"decode.signs", one, work.parts}};
  return {{"encode.signs", one, 3}, {"decode.signs", one, 2}};
}

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
  const bool is_free =
      work.kind == PayloadKind::dense32 || (work.kind == PayloadKind::dense16 && work.stage == Stage::combine);
  if (is_free || work.entries + work.elements == 0) return {};
  if (work.kind == PayloadKind::scaled_signs) return scaled_signs_steps(work);
  constexpr const char* stages[] = {"encode.", "combine.", "decode."};
  std::vector<Step> steps = {{stages[static_cast<int>(work.stage)] + kind_name(work.kind), work}};
  add_index_steps(work, steps);
  return steps;
}

double value_on(const std::string& axis, const Work& work) {
  if (axis == "elements") return work.elements;
  if (axis == "entries") return work.entries;
  if (axis == "parts") return work.parts;
  return work.entries / std::max(1.0, work.elements);
}

}  // namespace simrun
