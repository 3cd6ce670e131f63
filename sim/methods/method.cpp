#include "sim/methods/method.hpp"

#include <algorithm>

#include "kernels/find_entry.hpp"
#include "sim/collectives/collectives.hpp"

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
      {"dgc",
       "about K entries above a sampled threshold, momentum corrected (Lin et al., ICLR 2018)",
       {{"sampled-pairs", "allgather-ring"}},
       {.factor = 0.9, .is_masked = true}},
      {"signsgd",
       "one bit an element, mean of the signs (Bernstein et al., ICML 2018)",
       {{"gathered-signs", "allgather-ring"}}},
      {"signum",
       "one bit an element of the momentum, mean of the signs (Bernstein et al., ICML 2018)",
       {{"momentum-signs", "allgather-ring"}},
       {.factor = 0.9}},
      {"onebit",
       "one bit an element and two means, error feedback (Seide et al., Interspeech 2014)",
       {{"two-means", "allgather-ring"}}},
      {"qsgd",
       "levels rounded to at random, a norm a bucket (Alistarh et al., NeurIPS 2017)",
       {{"qsgd", "allgather-ring"}}},
      {"terngrad", "-1, 0 or 1 at random, and a scale (Wen et al., NeurIPS 2017)", {{"terngrad", "allgather-ring"}}},
      {"natural-compression",
       "powers of two rounded to at random (Horvath et al., 2019)",
       {{"exponents", "allgather-ring"}}},
      {"chunked-top-k",
       "largest entries of every chunk of neighbours, all gathered (Peng et al., 2024; Sarfi et al., 2025)",
       {{"chunked-top-k", "allgather-ring"}}},
      {"block-quantization",
       "levels rounded to nearest, a largest magnitude a block (Dettmers et al., ICLR 2022; Xie et al., 2024)",
       {{"block-quantization", "allgather-ring"}}},
      {"homomorphic",
       "K largest entries of every worker in count sketches, added up and peeled (Li et al., 2024)",
       {{"sketched-pairs", "ring"}}},
      {"rand-block",
       "K neighbouring entries from where all workers draw alike (Foroutan Eghlidi and Jaggi, 2020)",
       {{"random-block", "ring"}}},
      {"sidco",
       "about K entries above a fitted threshold (Abdelmoniem et al., MLSys 2021)",
       {{"fitted-pairs", "allgather-ring"}}},
      {"spardl",
       "K largest entries of the sum, part by part, merged in halving steps (Zhao et al., ICDE 2024)",
       {{"parted-pairs", "sparse-halving"}}},
  };
  return all;
}

const MethodEntry* find_method(std::string_view name) {
  return find_entry(methods(), name);
}

Combining combining_of(const MethodEntry& method, const CodecOptions& options) {
  return find_codec(method.rounds.back().codec)->make(options, nullptr)->combining();
}

const CollectiveEntry& default_collective(const MethodEntry& method, const CodecOptions& options) {
  const CollectiveEntry* own = find_collective(method.collective());
  const Combining combining = combining_of(method, options);
  if (own->can(combining)) return *own;
  return *std::ranges::find_if(collectives(), [&](const CollectiveEntry& entry) { return entry.can(combining); });
}

std::vector<std::string> fitting_collectives(const MethodEntry& method, const CodecOptions& options) {
  const Combining combining = combining_of(method, options);
  std::vector<std::string> names;
  for (const CollectiveEntry& entry : collectives()) {
    if (entry.can(combining)) names.emplace_back(entry.name);
  }
  return names;
}

bool MethodChoice::follows_shapes() const {
  const std::unique_ptr<const Codec> made = codec->make(options, nullptr);
  const std::vector<TensorShape> matrix = {{1000, 1000}};
  return made->shape(1'000'000, 1000, matrix) != made->shape(1'000'000, 1000, {});
}

std::string label(const MethodChoice& choice, Naming naming) {
  std::string text(choice.method->name);
  if (naming == Naming::with_collective || choice.collective != &default_collective(*choice.method, choice.options))
    text += ", " + std::string(choice.collective->name);
  for (const CodecParameter* parameter : choice.codec->parameters) {
    if (parameter->get(choice.options) == parameter->get({})) continue;
    text +=
        ", " + (parameter->words.empty() ? std::string(parameter->key) + " " : "") + parameter->text_of(choice.options);
  }
  if (choice.collective_options.server == ServerPlace::rank0) text += ", server on rank 0";
  if (choice.hierarchy != Hierarchy::flat) text += ", " + std::string(name_of(choice.hierarchy));
  return text;
}

namespace {

/// A round among the GPUs of a host.
Round round_in_host(Round::Part part, std::shared_ptr<const Collective> collective,
                    const std::shared_ptr<const Primitives>& primitives) {
  Round round;
  round.part = part;
  round.entry = find_codec("dense");
  round.codec = round.entry->make({}, primitives);
  round.collective = std::move(collective);
  round.aggregator = round.codec->aggregator();
  return round;
}

}  // namespace

std::vector<Round> make_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives,
                               Hierarchy hierarchy) {
  CodecOptions options = choice.options;
  options.error_feedback = choice.error_feedback;
  std::vector<Round> rounds;
  const bool is_sharded = hierarchy == Hierarchy::shard;
  if (hierarchy != Hierarchy::flat)
    rounds.push_back(
        round_in_host(Round::Part::reduce, is_sharded ? make_reduce_scatter() : make_reduce(), primitives));
  for (const RoundEntry& entry : choice.method->rounds) {
    Round round;
    round.entry = find_codec(entry.codec);
    round.codec = round.entry->make(options, primitives);
    const bool can = choice.collective->can(round.codec->combining());
    round.collective = (can ? choice.collective : find_collective(entry.collective))->make(choice.collective_options);
    round.aggregator = round.codec->aggregator();
    rounds.push_back(std::move(round));
  }
  if (hierarchy != Hierarchy::flat)
    rounds.push_back(
        round_in_host(Round::Part::share, is_sharded ? make_allgather_ring({}) : make_spread_from_first(), primitives));
  return rounds;
}

MethodChoice dense_choice(const MethodChoice& choice) {
  MethodChoice sgd;
  sgd.method = find_method("sgd");
  sgd.codec = find_codec(sgd.method->codec());
  sgd.collective = &default_collective(*sgd.method, sgd.options);
  sgd.hierarchy = choice.hierarchy;
  return sgd;
}

std::vector<Round> make_dense_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives,
                                     Hierarchy hierarchy) {
  return make_rounds(dense_choice(choice), primitives, hierarchy);
}

}  // namespace simrun
