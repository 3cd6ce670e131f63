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
#include "sim/workload/schedule.hpp"

namespace simrun {

/// A training method that users can name. One round today: a codec and a collective.
struct MethodEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view codec;
  std::string_view collective;  ///< the default
};

/// Every method, in the order in which they are listed to users.
std::span<const MethodEntry> methods();

/// The entry called `name`, or null.
const MethodEntry* find_method(std::string_view name);

/// The collectives that can combine what the method sends, by name.
std::vector<std::string> fitting_collectives(const MethodEntry& method);

/// One entry of a scenario's `methods`, checked: the collective can combine what the codec makes.
struct MethodChoice {
  const MethodEntry* method = nullptr;
  const CodecEntry* codec = nullptr;
  const CollectiveEntry* collective = nullptr;
  CodecOptions options;
  ServerPlace server = ServerPlace::own_host;
  std::optional<Grouping> grouping;  ///< instead of the schedule's
  bool error_feedback = false;
  std::optional<double> density;
  std::optional<std::uint64_t> k;

  /// K for a model of `elements` parameters: max(1, llround(density N)), or k; N where the method does not sparsify.
  std::uint64_t entries(std::uint64_t elements) const;

  /// True if error feedback has something to keep. Signs that are sent count as the whole of their elements; fp32
  /// values are sent as they are.
  bool leaves_residual() const { return codec->feeds_back || options.half_precision; }

  /// True if the exchange needs one host more than there are workers.
  bool needs_server_host() const { return collective->has_server && server == ServerPlace::own_host; }
};

/// Whether a label has the collective also where it is the method's default.
enum class Naming { in_brief, with_collective };

/// The method's name and what is not its default: "sgd", "sgd, tree", "top-k, bitmap".
std::string label(const MethodChoice& choice, Naming naming = Naming::in_brief);

/// A codec and the collective that its payloads go through.
struct Round {
  std::shared_ptr<const Codec> codec;
  std::shared_ptr<const Collective> collective;
  std::shared_ptr<const Aggregator> aggregator;  ///< null where payloads are gathered
};

/// The rounds of one exchange.
std::vector<Round> make_rounds(const MethodChoice& choice, const std::shared_ptr<const Primitives>& primitives);

}  // namespace simrun
