#include <algorithm>
#include <array>

#include "kernels/codec.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"
#include "kernels/value_coding.hpp"

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

CodecParameter values_words() {
  CodecParameter parameter{
      .key = "values",
      .about = "how the values of kept entries are written",
      .swept = true,
      .words = {},
      .get = [](const CodecOptions& o) { return static_cast<std::int64_t>(o.values); },
      .set = [](CodecOptions& o, std::int64_t value) { o.values = static_cast<ValueCoding>(value); }};
  for (const ValueCodingEntry& entry : value_codings())
    parameter.words.push_back({entry.name, entry.summary, static_cast<std::int64_t>(entry.coding)});
  return parameter;
}

CodecParameter precision_words() {
  return {.key = "precision",
          .about = "sgd: precision of the values; loco, cd-sgd: of their sum",
          .words = {{"fp32", "", 0}, {"fp16", "", 1}, {"bf16", "", 2}},
          .get = [](const CodecOptions& o) { return static_cast<std::int64_t>(o.precision); },
          .set = [](CodecOptions& o, std::int64_t value) { o.precision = static_cast<Precision>(value); }};
}

CodecParameter rank_numbers() {
  return {.key = "rank",
          .about = "powersgd, powergossip: rank of the matrices that approximate a gradient, or what models differ by",
          .swept = true,
          .words = {},
          .least = 1,
          .most = 1024,
          .get = [](const CodecOptions& o) { return std::int64_t{o.rank}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.rank = static_cast<int>(value); }};
}

CodecParameter levels_numbers() {
  return {.key = "levels",
          .about = "qsgd: levels above zero, to which elements are rounded at random",
          .swept = true,
          .words = {},
          .least = 1,
          .most = 127,
          .get = [](const CodecOptions& o) { return std::int64_t{o.levels}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.levels = static_cast<int>(value); }};
}

CodecParameter bucket_numbers() {
  return {.key = "bucket",
          .about = "qsgd: elements that share a norm, a power of two; 0: all that travel together",
          .words = {},
          .least = 0,
          .most = std::int64_t{1} << 31,
          .powers_of_two = true,
          .get = [](const CodecOptions& o) { return static_cast<std::int64_t>(o.bucket); },
          .set = [](CodecOptions& o, std::int64_t value) { o.bucket = static_cast<std::uint64_t>(value); }};
}

CodecParameter packing_words() {
  return {.key = "packing",
          .about = "qsgd: a level takes the bits it needs, or a byte",
          .words = {{"bits", "", 1}, {"int8", "", 0}},
          .get = [](const CodecOptions& o) { return std::int64_t{o.packs_bits}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.packs_bits = value != 0; }};
}

CodecParameter indices_words() {
  return {.key = "indices",
          .about = "rand-k: all workers draw the same ones, or each its own, which it sends",
          .words = {{"shared", "", 0}, {"sent", "", 1}},
          .get = [](const CodecOptions& o) { return std::int64_t{o.sends_indices}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.sends_indices = value != 0; }};
}

CodecParameter chunk_numbers() {
  return {.key = "chunk",
          .about = "chunked-top-k, demo: neighbouring elements of which the largest are kept, a power of two",
          .swept = true,
          .words = {},
          .least = Chunking::least_chunk,
          .most = Chunking::most_chunk,
          .powers_of_two = true,
          .get = [](const CodecOptions& o) { return std::int64_t{o.chunking.chunk}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.chunking.chunk = static_cast<std::uint32_t>(value); }};
}

CodecParameter chunk_keeps_numbers() {
  return {.key = "chunk_keeps",
          .about = "chunked-top-k: elements that each chunk keeps, demo: coefficients; all of one that has no more",
          .swept = true,
          .words = {},
          .least = 1,
          .most = Chunking::most_chunk,
          .get = [](const CodecOptions& o) { return std::int64_t{o.chunking.keeps}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.chunking.keeps = static_cast<std::uint32_t>(value); }};
}

CodecParameter block_numbers() {
  return {.key = "block",
          .about =
              "block-quantization, quantized-allreduce, loco, cd-sgd: elements that share a largest magnitude, a power "
              "of two",
          .words = {},
          .least = Rounding::least_block,
          .most = Rounding::most_block,
          .powers_of_two = true,
          .get = [](const CodecOptions& o) { return static_cast<std::int64_t>(o.block); },
          .set = [](CodecOptions& o, std::int64_t value) { o.block = static_cast<std::uint64_t>(value); }};
}

CodecParameter bits_numbers() {
  return {.key = "bits",
          .about = "block-quantization, quantized-allreduce, loco, cd-sgd: bits of an element",
          .swept = true,
          .words = {},
          .least = 2,
          .most = 8,
          .get = [](const CodecOptions& o) { return std::int64_t{o.bits}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.bits = static_cast<int>(value); }};
}

CodecParameter requantize_words() {
  return {.key = "requantize",
          .about = "quantized-allreduce: every sum is rounded again, or whole numbers of one scale are added up",
          .swept = true,
          .words = {{"true", "", 1}, {"false", "", 0}},
          .get = [](const CodecOptions& o) { return std::int64_t{o.requantizes}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.requantizes = value != 0; }};
}

CodecParameter counters_numbers() {
  return {.key = "counters",
          .about =
              "homomorphic: counters for each of the K entries of a worker; all workers' are recovered where they "
              "are no more than 0.8 a counter",
          .swept = true,
          .words = {},
          .least = 1,
          .most = 1024,
          .get = [](const CodecOptions& o) { return std::int64_t{o.counters}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.counters = static_cast<std::uint32_t>(value); }};
}

CodecParameter two_way_words() {
  return {.key = "two_way",
          .about = "a server adds up what workers send, and encodes the sum as they do, with an error of its own",
          .words = {{"false", "", 0}, {"true", "", 1}},
          .get = [](const CodecOptions& o) { return std::int64_t{o.two_way}; },
          .set = [](CodecOptions& o, std::int64_t value) { o.two_way = value != 0; }};
}

/// "edges 0-1 0-2 1-3"; of many the first eight, and how many there are.
std::string edges_text(const CodecOptions& options) {
  constexpr int most_shown = 8;
  int edges = 0;
  std::string text = "edges";
  for (int rank = 0; const std::vector<int>& others : *options.graph.lists) {
    for (const int other : others) {
      if (rank < other && ++edges <= most_shown) text += " " + std::to_string(rank) + "-" + std::to_string(other);
    }
    ++rank;
  }
  return edges > most_shown ? text + " ... (" + std::to_string(edges) + ")" : text;
}

CodecParameter graph_words() {
  return {.key = "graph",
          .about = "powergossip: which workers are neighbours",
          .swept = true,
          .words = {{"ring", "each worker has two neighbours, one of two workers", 0},
                    {"torus", "a grid as square as may be that closes on itself: each has four", 1},
                    {"complete", "each has all others", 2}},
          .get = [](const CodecOptions& o) { return static_cast<std::int64_t>(o.graph.kind); },
          .set = [](CodecOptions& o, std::int64_t value) { o.graph = {static_cast<Graph::Kind>(value)}; },
          .describe = edges_text};
}

}  // namespace

const CodecParameter* index_parameter() {
  static const CodecParameter parameter = index_words();
  return &parameter;
}

const CodecParameter* values_parameter() {
  static const CodecParameter parameter = values_words();
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

const CodecParameter* levels_parameter() {
  static const CodecParameter parameter = levels_numbers();
  return &parameter;
}

const CodecParameter* bucket_parameter() {
  static const CodecParameter parameter = bucket_numbers();
  return &parameter;
}

const CodecParameter* packing_parameter() {
  static const CodecParameter parameter = packing_words();
  return &parameter;
}

const CodecParameter* indices_parameter() {
  static const CodecParameter parameter = indices_words();
  return &parameter;
}

const CodecParameter* chunk_parameter() {
  static const CodecParameter parameter = chunk_numbers();
  return &parameter;
}

const CodecParameter* chunk_keeps_parameter() {
  static const CodecParameter parameter = chunk_keeps_numbers();
  return &parameter;
}

const CodecParameter* block_parameter() {
  static const CodecParameter parameter = block_numbers();
  return &parameter;
}

const CodecParameter* bits_parameter() {
  static const CodecParameter parameter = bits_numbers();
  return &parameter;
}

const CodecParameter* requantize_parameter() {
  static const CodecParameter parameter = requantize_words();
  return &parameter;
}

const CodecParameter* counters_parameter() {
  static const CodecParameter parameter = counters_numbers();
  return &parameter;
}

const CodecParameter* two_way_parameter() {
  static const CodecParameter parameter = two_way_words();
  return &parameter;
}

const CodecParameter* graph_parameter() {
  static const CodecParameter parameter = graph_words();
  return &parameter;
}

std::span<const CodecParameter* const> codec_parameters() {
  static const std::array table{
      index_parameter(),    values_parameter(),      precision_parameter(), rank_parameter(),
      levels_parameter(),   bucket_parameter(),      packing_parameter(),   indices_parameter(),
      chunk_parameter(),    chunk_keeps_parameter(), block_parameter(),     bits_parameter(),
      counters_parameter(), requantize_parameter(),  two_way_parameter(),   graph_parameter()};
  return table;
}

std::string CodecParameter::text_of(const CodecOptions& options) const {
  const auto word = std::ranges::find(words, get(options), &ParameterWord::value);
  if (word != words.end()) return std::string(word->word);
  return describe != nullptr ? describe(options) : std::to_string(get(options));
}

bool CodecEntry::takes(const CodecParameter& parameter) const {
  return std::ranges::find(parameters, &parameter) != parameters.end();
}

}  // namespace simrun
