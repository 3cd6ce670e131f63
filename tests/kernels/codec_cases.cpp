#include "kernels/index_coding.hpp"
#include "tests/kernels/samples.hpp"

namespace simrun {

std::vector<CodecCase> codec_cases() {
  std::vector<CodecCase> cases;
  for (const CodecEntry& entry : codecs()) {
    const std::string name(entry.name);
    if (entry.sparsifies) {
      for (const IndexCodingEntry& coding : index_codings()) {
        cases.push_back({name + " " + std::string(coding.name), &entry, {.index = coding.coding}});
      }
    } else {
      cases.push_back({name, &entry, {}});
    }
    if (entry.half_precision) cases.push_back({name + " fp16", &entry, {.half_precision = true}});
  }
  return cases;
}

}  // namespace simrun
