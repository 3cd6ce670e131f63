// Any bytes as a payload: refused, or one that is written as those very bytes, that can be cut and joined, and that
// codecs and aggregators take without harm.

#include <algorithm>
#include <functional>
#include <numeric>

#include "kernels/codec.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"
#include "tests/fuzz/harness.hpp"

namespace simrun {
namespace {

/// What takes memory for N elements is tried up to here.
constexpr std::uint64_t few_elements = 4096;

/// The payload that is made of what is read from `payload`.
Payload made_again(const Payload& payload) {
  switch (payload.kind()) {
    case PayloadKind::pairs: {
      std::vector<std::uint64_t> all(payload.entries());
      std::iota(all.begin(), all.end(), 0);
      require(read_pairs(payload).values.size() == payload.entries(), "a value for each index");
      return chosen_pairs(payload, all);
    }
    case PayloadKind::indices: {
      std::vector<std::uint32_t> decoded;
      return make_indices(payload.index(), payload.elements(), view_indices(payload, decoded));
    }
    case PayloadKind::sparse_signs: {
      const SparseSigns signs = read_sparse_signs(payload);
      return make_sparse_signs(payload.index(), payload.elements(), {signs.indices, signs.signs});
    }
    case PayloadKind::scaled_signs: {
      const ScaledSignsView view = view_scaled_signs(payload);
      require(view.scale >= 0 && view.words.size() == sign_words(payload.elements()), "a scale and all signs");
      return payload;
    }
    case PayloadKind::levels: {
      const LevelsView view = view_levels(payload);
      const LevelsFormat format = LevelsFormat::of(payload.header().format);
      require(view.scales.size() == format.buckets(payload.elements()), "a scale a bucket");
      require(view.words.size() == code_words(payload.elements(), format.bits), "all levels");
      return payload;
    }
    case PayloadKind::integers:
      require(view_integers(payload).size() == code_words(payload.elements(), payload.header().format), "all numbers");
      return payload;
    case PayloadKind::exponents:
      require(view_exponents(payload).size() == code_words(payload.elements(), exponent_bits), "all exponents");
      return payload;
    case PayloadKind::chunked_pairs: {
      std::vector<float> decoded;
      const ChunkedPairsView view = view_chunked_pairs(payload, decoded);
      const std::vector<std::uint32_t> indices = view.indices();
      require(indices.size() == view.values.size(), "a place for each value");
      require(std::ranges::adjacent_find(indices, std::greater_equal{}) == indices.end(), "indices ascend");
      require(indices.empty() || indices.back() < payload.elements(), "indices are below N");
      return payload;
    }
    case PayloadKind::sketch: {
      const SketchView view = view_sketch(payload);
      const std::vector<std::uint32_t> indices = view.indices();
      require(view.counters.size() == sketch_rows * payload.entries(), "three counters a column");
      require(std::ranges::adjacent_find(indices, std::greater_equal{}) == indices.end(), "indices ascend");
      require(indices.empty() || indices.back() < payload.elements(), "indices are below N");
      return payload;
    }
    case PayloadKind::two_means:
      require(view_two_means(payload).words.size() == sign_words(payload.elements()), "two means and all signs");
      return payload;
    default:
      return payload;
  }
}

void check_cut(const Payload& payload) {
  const std::uint64_t grain = std::max<std::uint64_t>(32, grain_of(layout_of(payload.kind()), payload.header().format));
  const std::uint64_t first = payload.elements() / 3 / grain * grain;
  const std::uint64_t second = payload.elements() / 2 / grain * grain;
  const Payload parts[] = {cut(payload, 0, first), cut(payload, first, second),
                           cut(payload, second, payload.elements())};
  require(join(parts) == payload, "cut and joined");
}

void check_sum(const Aggregator& aggregator, std::span<const Payload> parts) {
  Payload result;
  try {
    result = aggregator.combine(parts);
  } catch (const NonFiniteError&) {
    return;  // beyond the range of what it is written in
  }
  const Payload parsed = is_dense(result.kind())
                             ? Payload::parse_dense(result.kind(), result.elements(), result.bytes())
                             : Payload::parse(result.bytes());
  require(parsed == result, "what payloads combine to is a payload");
  aggregator.accepted(parts.front(), result);
  if (const auto rest = aggregator.cut_off(parts, result))
    require(Payload::parse(rest->bytes()) == *rest, "what is cut off is a payload");
}

/// Those with which a codec makes such payloads.
CodecOptions options_of(const Payload& payload) {
  CodecOptions options{.values = values_of(payload.header().format)};
  if (payload.kind() != PayloadKind::levels) return options;
  const LevelsFormat format = LevelsFormat::of(payload.header().format);
  options.bits = static_cast<int>(format.bits);
  options.block = std::uint64_t{1} << format.log_bucket;
  return options;
}

void check_codecs(const Payload& payload) {
  static const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1);
  const Payload parts[] = {payload, payload, payload};
  std::vector<float> out(payload.elements());
  CodecOptions options = options_of(payload);
  const bool can_be_added =
      payload.kind() != PayloadKind::levels || Rounding{.levels = 1, .bits = 2, .bucket = options.block}.has_blocks();
  for (const CodecEntry& entry : codecs()) {
    for (const bool two_way : {false, true}) {
      if (two_way && !entry.takes(*two_way_parameter())) continue;
      options.two_way = two_way;
      const auto codec = entry.make(options, primitives);
      if (!entry.stands_alone || codec->kind() != payload.kind()) continue;
      codec->decode(payload, 0.5F, out, {});
      codec->settle(payload, out, {});
      if (const auto aggregator = codec->aggregator(); aggregator && can_be_added) check_sum(*aggregator, parts);
    }
  }
}

void check(std::span<const std::byte> bytes) {
  Payload payload;
  try {
    payload = Payload::parse(bytes);
  } catch (const PayloadError&) {
    return;
  }
  require(std::ranges::equal(payload.bytes(), bytes.first(payload.size())), "the bytes that were parsed");
  require(made_again(payload) == payload, "the same payload again");
  if (payload.elements() > few_elements) return;
  check_cut(payload);
  check_codecs(payload);
}

}  // namespace
}  // namespace simrun

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  simrun::check(std::as_bytes(std::span(data, size)));
  return 0;
}
