#include "tests/sim/collective_cases.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <stdexcept>

#include "kernels/codecs/codecs.hpp"
#include "kernels/index_coding.hpp"
#include "tests/sim/merged_parts.hpp"

namespace simrun {
namespace {

/// Small whole numbers: their sums are exact, so that the order of additions does not show.
std::vector<float> gradient_of(int worker) {
  std::vector<float> values(elements);
  std::uint32_t state = 12345U + 977U * static_cast<std::uint32_t>(worker);
  for (float& value : values) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<int>(state >> 20) % 401 - 200);
  }
  return values;
}

/// Whole numbers that have one magnitude in all elements that are not zero, in the same ones of all workers, and that
/// levels of 8 bits have exactly: so have their sums.
std::vector<float> whole_levels_of(int worker) {
  std::vector<float> values = gradient_of(0);
  const auto magnitude = static_cast<float>(127 * (1 + worker % 3));
  for (float& value : values) value = value < 0 ? -magnitude : value > 100 ? magnitude : 0;
  return values;
}

/// gTop-k's tree, written as a recursion: ranks [first, first + size), size a power of two, merge into one.
Payload merge_tree(const Aggregator& aggregator, const std::vector<Payload>& payloads, std::size_t first,
                   std::size_t size) {
  if (size == 1) return payloads[first];
  const Payload left = merge_tree(aggregator, payloads, first, size / 2);
  if (first + size / 2 >= payloads.size()) return left;
  const Payload both[] = {left, merge_tree(aggregator, payloads, first + size / 2, size / 2)};
  return aggregator.combine(both);
}

std::string in_words(const CollectiveCase& each, const Choice& choice) {
  const bool is_plain = choice.options.values == ValueCoding::fp32;
  return std::string(each.entry.name) + " with " + std::string(choice.codec->name) + ", index coding " +
         std::string(index_coding(choice.options.index).name) + (is_plain ? "" : ", values of 4 bits") +
         (choice.options.two_way ? ", two ways" : "") + ", " + std::to_string(each.workers) + " workers" +
         (each.place == ServerPlace::rank0 ? ", rank 0 is the server" : "");
}

}  // namespace

std::vector<Choice> choices() {
  std::vector<Choice> all;
  for (const CodecEntry& codec : codecs()) {
    const bool leads = codec.make({}, nullptr)->combining() == Combining::lead;
    if (!codec.stands_alone && !leads) continue;
    if (!codec.sparsifies) all.push_back({&codec, {}});
    for (const IndexCodingEntry& coding : index_codings()) {
      if (codec.sparsifies) all.push_back({&codec, {.index = coding.coding}});
    }
    if (codec.takes(*two_way_parameter())) all.push_back({&codec, {.two_way = true}});
    if (std::ranges::find(codec.parameters, "values", &CodecParameter::key) != codec.parameters.end() && !leads)
      all.push_back({&codec, {.values = ValueCoding::int4}});
  }
  return all;
}

void for_each_case(std::span<const int> worker_counts,
                   const std::function<void(const CollectiveCase&, const std::string&)>& check) {
  const std::shared_ptr<const Primitives> primitives = make_cpu_primitives(1);
  for (const CollectiveEntry& entry : collectives()) {
    for (const Choice& choice : choices()) {
      const auto codec = choice.codec->make(choice.options, primitives);
      if (!entry.can(codec->combining())) continue;
      for (const ServerPlace place : {ServerPlace::own_host, ServerPlace::rank0}) {
        if (place == ServerPlace::rank0 && !entry.has_server) continue;
        for (const int workers : worker_counts) {
          const CollectiveCase each{entry, *codec, place, workers};
          check(each, in_words(each, choice));
        }
      }
    }
  }
}

std::vector<Payload> payloads_of(const Codec& codec, int workers) {
  std::vector<Payload> payloads;
  const bool rounds_sums = codec.kind() == PayloadKind::levels && codec.combining() == Combining::sum;
  const RoundContext context{.workers = static_cast<std::uint64_t>(workers)};
  for (int w = 0; w < workers; ++w)
    payloads.push_back(codec.encode(rounds_sums ? whole_levels_of(w) : gradient_of(w), kept, context));
  return payloads;
}

std::vector<Payload> sequential_result(const Codec& codec, const std::vector<Payload>& payloads) {
  const auto aggregator = codec.aggregator();
  switch (codec.combining()) {
    case Combining::gather:
      return payloads;
    case Combining::lead:
      return {payloads.front()};
    case Combining::neighbours:
      throw std::logic_error("every worker is left with something else");
    case Combining::merge:
      return {merge_tree(*aggregator, payloads, 0, std::bit_ceil(payloads.size()))};
    case Combining::merge_parts:
      return {merged_parts(payloads, kept)};
    case Combining::sum_entries:
      return {largest_sums(payloads, kept)};
    case Combining::sum:
    case Combining::sum_once:
    case Combining::sum_again:
    case Combining::vote:
      break;
  }
  return {aggregator->combine(payloads)};
}

}  // namespace simrun
