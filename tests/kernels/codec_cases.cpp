#include <algorithm>

#include "tests/kernels/samples.hpp"

namespace simrun {

std::vector<CodecCase> codec_cases() {
  std::vector<CodecCase> cases;
  for (const CodecEntry& entry : codecs()) {
    if (!entry.stands_alone) continue;
    const std::string name(entry.name);
    if (entry.parameters.empty()) cases.push_back({name, &entry, {}});
    for (const CodecParameter* parameter : entry.parameters) {
      std::vector<std::int64_t> numbers;
      if (parameter->words.empty()) numbers = {parameter->least, std::min(parameter->least + 32, parameter->most)};
      for (const std::int64_t number : numbers) {
        CodecOptions options;
        parameter->set(options, number);
        cases.push_back({name + " " + std::string(parameter->key) + " " + std::to_string(number), &entry, options});
      }
      for (const ParameterWord& word : parameter->words) {
        CodecOptions options;
        parameter->set(options, word.value);
        cases.push_back({name + " " + std::string(word.word), &entry, options});
      }
    }
  }
  return cases;
}

}  // namespace simrun
