#include "sim/methods/method.hpp"

#include <algorithm>
#include <cmath>

namespace simrun {
namespace {

constexpr MethodEntry table[] = {
    {"sgd", "dense average of all gradients", "dense", "ring"},
    {"top-k", "K largest entries of every worker, all gathered", "top-k", "allgather-ring"},
    {"gtop-k", "K largest entries of the sum, merged along a tree (Shi et al., ICDCS 2019)", "gtop-k", "tree"},
    {"signsgd-mv", "one bit an element, majority vote (Bernstein et al., ICLR 2019)", "signs", "parameter-server"},
    {"ef-signsgd", "one bit an element and a scale, mean, error feedback (Karimireddy et al., ICML 2019)",
     "scaled-signs", "allgather-ring"},
    {"sparse-signsgd", "signs of the K largest entries, majority vote (Park and Lee, 2023)", "sparse-signs",
     "parameter-server"},
};

}  // namespace

std::span<const MethodEntry> methods() {
  return table;
}

const MethodEntry* find_method(std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const auto& e) { return e.name == name; });
  return found == std::end(table) ? nullptr : found;
}

std::vector<std::string> fitting_collectives(const MethodEntry& method) {
  const Combining combining = find_codec(method.codec)->make({}, nullptr)->combining();
  std::vector<std::string> names;
  for (const CollectiveEntry& entry : collectives()) {
    if (entry.can(combining)) names.emplace_back(entry.name);
  }
  return names;
}

std::uint64_t MethodChoice::entries(std::uint64_t elements) const {
  if (!codec->sparsifies) return elements;
  if (k) return *k;
  const auto rounded = std::llround(*density * static_cast<double>(elements));
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rounded));
}

std::string label(const MethodChoice& choice, Naming naming) {
  std::string text(choice.method->name);
  if (naming == Naming::with_collective || choice.collective->name != choice.method->collective)
    text += ", " + std::string(choice.collective->name);
  for (const CodecParameter* parameter : choice.codec->parameters) {
    const ParameterWord& word = parameter->word_of(choice.options);
    if (word.value != parameter->words.front().value) text += ", " + std::string(word.word);
  }
  if (choice.server == ServerPlace::rank0) text += ", server on rank 0";
  return text;
}

std::vector<Round> make_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives) {
  Round round;
  round.codec = choice.codec->make(choice.options, primitives);
  round.collective = choice.collective->make(choice.server);
  round.aggregator = round.codec->aggregator();
  return {round};
}

}  // namespace simrun
