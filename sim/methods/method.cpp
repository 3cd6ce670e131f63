#include "sim/methods/method.hpp"

#include "kernels/find_entry.hpp"

namespace simrun {
std::span<const MethodEntry> methods() {
  static const std::vector<MethodEntry> all = {
      {"sgd", "dense average of all gradients", {{"dense", "ring"}}},
      {"top-k", "K largest entries of every worker, all gathered", {{"top-k", "allgather-ring"}}},
      {"gtop-k", "K largest entries of the sum, merged along a tree (Shi et al., ICDCS 2019)", {{"gtop-k", "tree"}}},
      {"signsgd-mv",
       "one bit an element, majority vote (Bernstein et al., ICLR 2019)",
       {{"signs", "parameter-server"}}},
      {"ef-signsgd",
       "one bit an element and a scale, mean, error feedback (Karimireddy et al., ICML 2019)",
       {{"scaled-signs", "allgather-ring"}}},
      {"sparse-signsgd",
       "signs of the K largest entries, majority vote (Park and Lee, 2023)",
       {{"sparse-signs", "parameter-server"}}},
      {"powersgd",
       "matrices of a low rank, power iteration (Vogels et al., NeurIPS 2019)",
       {{"left-factors", "ring"}, {"right-factors", "ring"}}},
      {"scalecom",
       "every worker's values where the leader's K largest are (Chen et al., NeurIPS 2020)",
       {{"leader-indices", "broadcast"}, {"values-at", "ring"}}},
      {"rand-k", "K entries that all workers draw alike (Stich et al., NeurIPS 2018)", {{"random-entries", "ring"}}},
  };
  return all;
}

const MethodEntry* find_method(std::string_view name) {
  return find_entry(methods(), name);
}

std::vector<std::string> fitting_collectives(const MethodEntry& method) {
  const Combining combining = find_codec(method.rounds.back().codec)->make({}, nullptr)->combining();
  std::vector<std::string> names;
  for (const CollectiveEntry& entry : collectives()) {
    if (entry.can(combining)) names.emplace_back(entry.name);
  }
  return names;
}

std::string label(const MethodChoice& choice, Naming naming) {
  std::string text(choice.method->name);
  if (naming == Naming::with_collective || choice.collective->name != choice.method->collective())
    text += ", " + std::string(choice.collective->name);
  for (const CodecParameter* parameter : choice.codec->parameters) {
    if (parameter->get(choice.options) == parameter->get({})) continue;
    text +=
        ", " + (parameter->words.empty() ? std::string(parameter->key) + " " : "") + parameter->text_of(choice.options);
  }
  if (choice.collective_options.server == ServerPlace::rank0) text += ", server on rank 0";
  return text;
}

std::vector<Round> make_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives) {
  CodecOptions options = choice.options;
  options.error_feedback = choice.error_feedback;
  std::vector<Round> rounds;
  for (const RoundEntry& entry : choice.method->rounds) {
    Round round;
    round.entry = find_codec(entry.codec);
    round.codec = round.entry->make(options, primitives);
    const bool can = choice.collective->can(round.codec->combining());
    round.collective = (can ? choice.collective : find_collective(entry.collective))->make(choice.collective_options);
    round.aggregator = round.codec->aggregator();
    rounds.push_back(std::move(round));
  }
  return rounds;
}

}  // namespace simrun
