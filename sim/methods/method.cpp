#include "sim/methods/method.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/find_entry.hpp"
#include "sim/collectives/collectives.hpp"
#include "sim/text/units.hpp"

namespace simrun {
namespace {

bool requantizes(const CodecOptions& options) {
  return options.requantizes;
}

bool shares_scales(const CodecOptions& options) {
  return !options.requantizes;
}

}  // namespace

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
      {"quantized-allreduce",
       "levels in blocks, added up: rounded again by whoever adds (Jaghouar et al., 2024), or whole numbers of scales "
       "that all workers have alike (Xin et al., 2023)",
       {{"requantized-levels", "ring", requantizes},
        {"block-maxima", "ring", shares_scales},
        {"levels-at-scales", "ring", shares_scales}}},
      {"homomorphic",
       "K largest entries of every worker in count sketches, added up and peeled (Li et al., 2024)",
       {{"sketched-pairs", "ring"}}},
      {"diloco",
       "dense mean of what workers have changed in 500 steps, Nesterov outside (Douillard et al., 2023)",
       {{"dense", "ring"}},
       {},
       {.steps = 500, .outer = OuterOptimizer{OuterOptimizer::Kind::nesterov, 0.7, 0.9}}},
      {"streaming-diloco",
       "4 bits an element of an eighth of what has changed, every 100 steps, overlapped (Douillard et al., 2025)",
       {{"block-quantization", "allgather-ring"}},
       {},
       {.steps = 100,
        .fragments = 8,
        .delay = 1,
        .merge_weight = 0.5,
        .outer = OuterOptimizer{OuterOptimizer::Kind::nesterov, 0.4, 0.9}},
       {.bits = 4},
       false},
      {"sparseloco",
       "64 largest of every 4096 changes of 30 steps, all gathered (Sarfi et al., 2025)",
       {{"chunked-top-k", "allgather-ring"}},
       {},
       {.steps = 30, .outer = OuterOptimizer{OuterOptimizer::Kind::sgd, 1, 0}},
       {.values = ValueCoding::int2, .chunking = {.chunk = 4096, .keeps = 64}}},
      {"demo",
       "32 largest of every 4096 coefficients of a cosine transform of the momentum, all gathered (Peng et al., 2024)",
       {{"cosine-top-k", "allgather-ring"}},
       {},
       {},
       {.chunking = {.chunk = 4096, .keeps = 32}},
       {},
       {.weight = 0.999},
       true},
      {"rand-block",
       "K neighbouring entries from where all workers draw alike (Foroutan Eghlidi and Jaggi, 2020)",
       {{"random-block", "ring"}}},
      {"sidco",
       "about K entries above a fitted threshold (Abdelmoniem et al., MLSys 2021)",
       {{"fitted-pairs", "allgather-ring"}}},
      {"spardl",
       "K largest entries of the sum, part by part, merged in halving steps (Zhao et al., ICDE 2024)",
       {{"parted-pairs", "sparse-halving"}}},
      {"ok-top-k",
       "K largest entries of the sum, added up in regions of as many entries each (Li and Hoefler, PPoPP 2022)",
       {{"ok-top-k", "balanced-split"}}},
      {"loco",
       "4 bits an element to whoever adds, 16 of the sum to all, errors averaged (Xie et al., 2024)",
       {{"summed-levels", "sharded-parameter-server"}},
       {},
       {},
       {.precision = Precision::bf16, .bits = 4},
       {},
       {.beta = 0.2, .reset = 1024}},
      {"cd-sgd",
       "2 bits an element to whoever adds, applied a step late, every tenth step in full (Yu et al., 2021)",
       {{"summed-levels", "sharded-parameter-server"}},
       {},
       {.delay = 1, .full_every = 10, .keeps_steps = true},
       {.bits = 2}},
      {"powergossip",
       "matrices of a low rank by which neighbours' models differ, power iteration (Vogels et al., NeurIPS 2020)",
       {{"edge-factors", "gossip"}},
       {},
       {.with_neighbours = true},
       {.rank = 1}},
  };
  return all;
}

std::vector<RoundEntry> MethodEntry::rounds_with(const CodecOptions& chosen) const {
  std::vector<RoundEntry> all;
  std::ranges::copy_if(rounds, std::back_inserter(all), [&](const RoundEntry& round) {
    return round.takes_place == nullptr || round.takes_place(chosen);
  });
  return all;
}

const MethodEntry* find_method(std::string_view name) {
  return find_entry(methods(), name);
}

std::string_view why_not_local(const MethodEntry& method) {
  if (method.local.with_neighbours) return "exchanges models with neighbours in every step";
  if (method.momentum.factor > 0) return "has a momentum of its own, which is of gradients";
  const auto codec = find_codec(method.rounds.back().codec)->make({}, nullptr);
  if (codec->combining() == Combining::vote || codec->kind() == PayloadKind::signs)
    return "sends signs alone, which do not say how far workers have come";
  return "";
}

Combining combining_of(const MethodEntry& method, const CodecOptions& options) {
  return find_codec(method.rounds_with(options).back().codec)->make(options, nullptr)->combining();
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

namespace {

std::string outer_label(const OuterOptimizer& outer) {
  const std::string name = outer.kind == OuterOptimizer::Kind::nesterov ? "nesterov " : "sgd ";
  return name + show(outer.learning_rate) + (outer.momentum > 0 ? "/" + show(outer.momentum) : "");
}

/// What of it is not as `usual`.
std::string local_label(const LocalSteps& local, const LocalSteps& usual) {
  std::string text;
  if (local.steps != usual.steps)
    text += local.steps == 1 ? ", every step" : ", every " + std::to_string(local.steps) + " steps";
  if (local.fragments != usual.fragments)
    text += ", " + std::to_string(local.fragments) + (local.fragments == 1 ? " fragment" : " fragments");
  if (local.delay != usual.delay)
    text += ", delay " + std::to_string(local.delay) + (local.delay == 1 ? " step" : " steps");
  if (local.merge_weight != usual.merge_weight) text += ", merge weight " + show(local.merge_weight);
  if (local.full_every != usual.full_every)
    text += local.full_every > 0 ? ", in full every " + std::to_string(local.full_every) : ", never in full";
  if (local.outer != usual.outer) text += local.outer ? ", outer " + outer_label(*local.outer) : ", no outer optimizer";
  return text;
}

}  // namespace

bool is_switch(const CodecParameter& parameter) {
  return std::ranges::any_of(parameter.words, [](const ParameterWord& word) { return word.word == "true"; });
}

std::string label(const MethodChoice& choice, Naming naming) {
  std::string text(choice.method->name);
  if (naming == Naming::with_collective || choice.collective != &default_collective(*choice.method, choice.options))
    text += ", " + std::string(choice.collective->name);
  for (const CodecParameter* parameter : choice.codec->parameters) {
    if (parameter->get(choice.options) == parameter->get(choice.method->options)) continue;
    const bool says_it_all = !parameter->words.empty() && !is_switch(*parameter);
    text += ", " + (says_it_all ? "" : std::string(parameter->key) + " ") + parameter->text_of(choice.options);
  }
  text += local_label(choice.local, choice.method->local);
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
  CollectiveOptions collective_options = choice.collective_options;
  collective_options.graph = options.graph;
  std::vector<Round> rounds;
  const bool is_sharded = hierarchy == Hierarchy::shard;
  if (hierarchy != Hierarchy::flat)
    rounds.push_back(
        round_in_host(Round::Part::reduce, is_sharded ? make_reduce_scatter() : make_reduce(), primitives));
  for (const RoundEntry& entry : choice.method->rounds_with(options)) {
    Round round;
    round.entry = find_codec(entry.codec);
    round.codec = round.entry->make(options, primitives);
    const bool can = choice.collective->can(round.codec->combining());
    round.collective = (can ? choice.collective : find_collective(entry.collective))->make(collective_options);
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
