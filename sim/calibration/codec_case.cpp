#include "sim/calibration/codec_case.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/byte_view.hpp"

namespace simrun {
namespace {

using MadeCodec = std::unique_ptr<const Codec>;

constexpr double most_difference = 1e-4;  // many times what sums of 2^15 products differ by in random directions

/// True if payloads follow from the shapes of tensors.
bool takes_shapes(const Codec& codec) {
  const std::vector<TensorShape> matrix = {{1000, 1000}};
  return codec.shape(1'000'000, 1000, matrix) != codec.shape(1'000'000, 1000, {});
}

/// K of which the codec's payload has so many entries as near as may be, where that is not K: tables of times go by
/// payloads.
std::size_t kept_for(const Codec& codec, const OperationCase& made) {
  const auto header = codec.shape(made.elements, made.entries, made.tensors);
  if (!header || header->entries <= made.entries) return made.entries;
  return std::max<std::size_t>(1, made.entries * made.entries / header->entries);
}

/// What is decoded: of payloads that are added up, and whose sum has more entries than each, the sum of 8.
Payload payload_to_decode(const Codec& codec, const OperationCase& made, const ValuesOf& values) {
  constexpr std::size_t summed = 8;
  const std::size_t workers = codec.kind() == PayloadKind::sketch ? summed : 1;
  std::vector<Payload> payloads;
  for (std::size_t worker = 0; worker < workers; ++worker)
    payloads.push_back(codec.encode(values(worker), made.entries, made.context()));
  return workers == 1 ? payloads.front() : codec.aggregator()->combine(payloads);
}

/// The first `rounds` rounds of a step on these values, one payload each. `step`: its number.
std::vector<Payload> payloads_of_step(const OperationCase& made, std::span<const MadeCodec> rounds,
                                      std::span<const float> values, std::uint64_t step = 0) {
  std::vector<Payload> payloads;
  for (const MadeCodec& codec : rounds) {
    RoundContext context = made.context();
    context.previous = payloads;
    context.step = step;
    payloads.push_back(codec->encode(values, made.entries, context));
  }
  return payloads;
}

/// The norm of a - b is small beside that of a.
bool are_near(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return false;
  double squares = 0;
  double differences = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    differences += difference * difference;
  }
  return std::sqrt(differences) <= most_difference * std::sqrt(squares);
}

}  // namespace

CodecPlace place_of_codec(const CodecEntry& codec) {
  for (const MethodEntry& method : methods()) {
    for (const bool requantizes : {true, false}) {
      const std::vector<RoundEntry> rounds = method.rounds_with({.requantizes = requantizes});
      const auto found = std::ranges::find(rounds, codec.name, &RoundEntry::codec);
      if (found == rounds.end()) continue;
      return {&method, rounds, static_cast<std::size_t>(found - rounds.begin()),
              find_codec(rounds.front().codec)->feeds_back};
    }
  }
  return {};
}

void complete_codec_case(OperationCase& made, const CodecEntry& codec, const ValuesOf& values, unsigned threads) {
  const CodecPlace place = place_of_codec(codec);
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(threads);
  std::vector<MadeCodec> rounds;
  for (const RoundEntry& round : place.rounds) rounds.push_back(find_codec(round.codec)->make({}, primitives));
  made.seed = 1;
  made.shared_seed = 2;
  if (takes_shapes(*rounds[place.round])) {
    const auto rows = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(made.elements)));
    made.tensors = {{rows, made.elements / rows}};
    made.elements = rows * (made.elements / rows);
    made.is_product = true;
  }
  if (codec.sparsifies) made.entries = kept_for(*rounds[place.round], made);
  const auto of_elements = [&](std::size_t number) { return values(number).first(made.elements); };
  if (rounds.front()->continues())
    made.last_step = payloads_of_step(made, rounds, of_elements(4), rounds.front()->cycle() - 1).back();
  made.previous = payloads_of_step(made, std::span(rounds).first(place.round), of_elements(3));
  if (made.stage == Stage::decode) {
    made.payloads = {payload_to_decode(*rounds[place.round], made, of_elements)};
    return;
  }
  if (place.is_first()) made.gradient = of_elements(0);
  if (place.feeds_back) made.residual = of_elements(1);
  made.momentum = static_cast<float>(place.method->momentum.factor);
  if (made.momentum > 0) made.velocity = of_elements(2);
}

bool agrees(const OperationCase& work, const OperationResult& result) {
  if (!work.is_product) return result == work.expected;
  return result.indices == work.expected.indices && are_near(work.expected.values, result.values) &&
         are_near(view_as<float>(std::span(work.expected.bytes)), view_as<float>(std::span(result.bytes)));
}

}  // namespace simrun
