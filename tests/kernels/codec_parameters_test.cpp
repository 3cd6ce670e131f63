#include <catch2/catch.hpp>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/codec.hpp"

using namespace simrun;

TEST_CASE("what users leave out is what codecs take for granted") {
  for (const CodecParameter* parameter : codec_parameters()) {
    INFO(parameter->key);
    if (parameter->words.empty()) {
      CHECK(parameter->least <= parameter->get({}));
      CHECK(parameter->get({}) <= parameter->most);
    } else {
      CHECK(parameter->get({}) == parameter->words.front().value);
    }
  }
}

TEST_CASE("each word of a parameter is a value of its own, and so is what it is set to") {
  std::set<std::string_view> keys;
  for (const CodecParameter* parameter : codec_parameters()) {
    CHECK(keys.insert(parameter->key).second);
    std::set<std::int64_t> values;
    for (const ParameterWord& word : parameter->words) {
      INFO(parameter->key << " " << word.word);
      CHECK(values.insert(word.value).second);
      CodecOptions options;
      parameter->set(options, word.value);
      CHECK(parameter->get(options) == word.value);
      CHECK(parameter->text_of(options) == word.word);
    }
  }
}

TEST_CASE("a codec makes other payloads or sums by each of its parameters, and takes no other") {
  for (const CodecEntry& entry : codecs()) {
    if (!entry.stands_alone) continue;
    for (const CodecParameter* parameter : codec_parameters()) {
      // These choose rounds, and who adds up.
      if (parameter->words.empty() || parameter->key == "requantize" || parameter->key == "two_way") continue;
      INFO(entry.name << " " << parameter->key);
      std::set<std::tuple<PayloadKind, IndexCoding, Format, PayloadKind>> layouts;
      for (const ParameterWord& word : parameter->words) {
        CodecOptions options;
        parameter->set(options, word.value);
        const auto codec = entry.make(options, make_cpu_primitives(1));
        const Payload payload = codec->encode(std::vector<float>{3, -1, 2, 5}, 2, {});
        const auto aggregator = codec->aggregator();
        const PayloadKind result = aggregator ? aggregator->combine(std::vector{payload}).kind() : payload.kind();
        layouts.insert({payload.kind(), payload.index(), payload.header().format, result});
      }
      CHECK(layouts.size() == (entry.takes(*parameter) ? parameter->words.size() : 1));
    }
  }
}
