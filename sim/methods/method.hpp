#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/collectives/graph.hpp"
#include "sim/collectives/hierarchy.hpp"
#include "sim/methods/kept.hpp"
#include "sim/methods/local_steps.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// One round of a method: what every worker encodes, and how that is exchanged.
struct RoundEntry {
  std::string_view codec;
  std::string_view collective;                                 ///< the default
  bool (*takes_place)(const CodecOptions& options) = nullptr;  ///< null: always
};

/// Momentum that is part of a method: of each worker's gradient, before it is encoded.
struct OwnMomentum {
  double factor = 0;       ///< mu in v = mu v + g, unless users say otherwise; 0: the method has none
  bool is_masked = false;  ///< v is zeroed where an element was sent
};

/// What becomes of what a worker has not sent, unless users say otherwise.
struct OwnResidual {
  double weight = 1;       ///< by which it is multiplied before the next gradient is added
  double beta = 1;         ///< of a moving average, below 1: ErrorFeedback
  std::int64_t reset = 0;  ///< it is zeroed every so many rounds; 0: never
};

/// A training method that users can name: its rounds, of which each is encoded when the one before has ended.
struct MethodEntry {
  std::string_view name;
  std::string_view summary;
  std::vector<RoundEntry> rounds;
  OwnMomentum momentum = {};
  // What holds unless users say otherwise.
  LocalSteps local = {};
  CodecOptions options = {};
  std::optional<bool> error_feedback = {};  ///< none: as the codec has it
  OwnResidual residual = {};
  bool steps_by_signs = false;  ///< a step goes by the sign of each entry of what workers agree on: SignSgd

  /// Those that take place.
  std::vector<RoundEntry> rounds_with(const CodecOptions& chosen) const;

  /// What is made of the gradient itself, unless options say otherwise. Its entry says what users may choose.
  std::string_view codec() const { return rounds.front().codec; }

  /// The last round's default, where that can combine what is sent: default_collective(). Users choose it; other rounds
  /// follow where they can.
  std::string_view collective() const { return rounds.back().collective; }
};

/// Every method, in the order in which they are listed to users.
std::span<const MethodEntry> methods();

/// The entry called `name`, or null.
const MethodEntry* find_method(std::string_view name);

/// Why workers that step on their own cannot exchange how far they have come by this method; empty where they can.
std::string_view why_not_local(const MethodEntry& method);

/// How the payloads of the method's last round are combined.
Combining combining_of(const MethodEntry& method, const CodecOptions& options);

/// The method's own default if that can combine them, else the first that can.
const CollectiveEntry& default_collective(const MethodEntry& method, const CodecOptions& options);

/// The collectives that can, by name.
std::vector<std::string> fitting_collectives(const MethodEntry& method, const CodecOptions& options);

/// One entry of a scenario's `methods`, checked: the collective can combine what the codec makes.
struct MethodChoice {
  const MethodEntry* method = nullptr;
  const CodecEntry* codec = nullptr;            ///< of the first round
  const CollectiveEntry* collective = nullptr;  ///< of the last round
  CodecOptions options;
  CollectiveOptions collective_options;
  Hierarchy hierarchy = Hierarchy::flat;
  std::optional<Grouping> grouping;  ///< instead of the schedule's
  bool error_feedback = false;
  std::optional<Kept> kept;  ///< by methods that sparsify
  LocalSteps local;

  /// K for a model of `elements` parameters; N where the method does not sparsify.
  std::uint64_t entries(std::uint64_t elements) const { return kept ? kept->entries(elements) : elements; }

  /// What the worker with the most neighbours sends, over what so many workers do in the mean; 1 where all send as
  /// much.
  double busiest_over_mean(int workers) const {
    if (!local.with_neighbours || workers == 1) return 1;
    return most_degree_of(options.graph, workers) / mean_degree_of(options.graph, workers);
  }

  /// True if error feedback has something to keep. Signs that are sent count as the whole of their elements; fp32
  /// values are sent as they are.
  bool leaves_residual() const { return codec->feeds_back || codec->rounds || options.precision != Precision::fp32; }

  /// True if what is sent in each step is the fp32 gradient itself.
  bool sends_gradients() const {
    return codec->name == "dense" && options.precision == Precision::fp32 && !local.is_local();
  }

  /// True if bytes follow from the shapes of tensors, not only from their elements.
  bool follows_shapes() const;

  /// True if an exchange between several hosts needs one more than the workers'.
  bool needs_server_host() const {
    return collective->has_server && collective_options.server == ServerPlace::own_host;
  }
};

/// True of a parameter whose words are those that JSON has itself: true and false.
bool is_switch(const CodecParameter& parameter);

/// Whether a label has the collective also where it is the method's default.
enum class Naming { in_brief, with_collective };

/// The method's name and what is not its default: "sgd", "sgd, tree", "top-k, bitmap".
std::string label(const MethodChoice& choice, Naming naming = Naming::in_brief);

/// A codec and the collective that its payloads go through.
struct Round {
  enum class Part {
    exchange,  ///< of the method: among all workers, or of one GPU of each host
    reduce,    ///< before it: the host's GPUs add up their gradients, which are dense
    share,     ///< after it, and after decoding: the host's GPUs get the result, which is dense
  };
  Part part = Part::exchange;
  const CodecEntry* entry = nullptr;  ///< the codec's
  std::shared_ptr<const Codec> codec;
  std::shared_ptr<const Collective> collective;
  std::shared_ptr<const Aggregator> aggregator;  ///< null where payloads are not combined

  /// True if only the leader's payload counts.
  bool is_led() const { return codec->combining() == Combining::lead; }
};

/// The rank that leads in a step: each in turn.
constexpr int leader_of(std::uint64_t step, int workers) {
  return static_cast<int>(step % static_cast<std::uint64_t>(workers));
}

/// The rounds of one exchange. Each goes through the chosen collective if that can combine what it sends, else through
/// its own default. With a hierarchy, that of the hosts that the workers are on, there is one round more before them,
/// and one after them.
std::vector<Round> make_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives,
                               Hierarchy hierarchy = Hierarchy::flat);

/// How what is not compressed travels beside what is: as sgd's fp32 gradients, by sgd's own collective, in the same
/// hierarchy.
MethodChoice dense_choice(const MethodChoice& choice);

/// The rounds of that.
std::vector<Round> make_dense_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives,
                                     Hierarchy hierarchy = Hierarchy::flat);

}  // namespace simrun
