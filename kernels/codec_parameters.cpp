#include <algorithm>
#include <array>

#include "kernels/codec.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/index_coding.hpp"

namespace simrun {
namespace {

CodecParameter index_words() {
  CodecParameter parameter{
      .key = "index",
      .about = "how indices are written",
      .swept = true,
      .words = {},
      .get = [](const CodecOptions& o) { return static_cast<std::int64_t>(o.index); },
      .set = [](CodecOptions& o, std::int64_t value) { o.index = static_cast<IndexCoding>(value); }};
  for (const IndexCodingEntry& entry : index_codings())
    parameter.words.push_back({entry.name, entry.summary, static_cast<std::int64_t>(entry.coding)});
  return parameter;
}

CodecParameter precision_words() {
  return {.key = "precision",
          .about = "sgd: precision of the values",
          .words = {{"fp32", "", 0}, {"fp16", "", 1}},
          .get = [](const CodecOptions& o) { return std::int64_t{o.half_precision}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.half_precision = value != 0; }};
}

CodecParameter rank_numbers() {
  return {.key = "rank",
          .about = "powersgd: rank of the matrices that approximate a gradient",
          .swept = true,
          .words = {},
          .least = 1,
          .most = 1024,
          .get = [](const CodecOptions& o) { return std::int64_t{o.rank}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.rank = static_cast<int>(value); }};
}

}  // namespace

const CodecParameter* index_parameter() {
  static const CodecParameter parameter = index_words();
  return &parameter;
}

const CodecParameter* precision_parameter() {
  static const CodecParameter parameter = precision_words();
  return &parameter;
}

const CodecParameter* rank_parameter() {
  static const CodecParameter parameter = rank_numbers();
  return &parameter;
}

std::span<const CodecParameter* const> codec_parameters() {
  static const std::array table{index_parameter(), precision_parameter(), rank_parameter()};
  return table;
}

std::string CodecParameter::text_of(const CodecOptions& options) const {
  const std::int64_t value = get(options);
  return words.empty() ? std::to_string(value)
                       : std::string(std::ranges::find(words, value, &ParameterWord::value)->word);
}

bool CodecEntry::takes(const CodecParameter& parameter) const {
  return std::ranges::find(parameters, &parameter) != parameters.end();
}

}  // namespace simrun
