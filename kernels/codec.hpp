#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/payload.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

/// How payloads of M workers become one result. A collective says which of these it can do.
enum class Combining {
  sum,          ///< added element by element; the size does not change
  merge,        ///< two sparse payloads give one with as many entries
  merge_parts,  ///< likewise each of M parts, whose payloads have a share of the entries
  sum_entries,  ///< sparse payloads give one with the entries of all; who exchanges them keeps as many as each has
  sum_once,     ///< added up, all M at once, to a sum that is written in a way of its own
  sum_again,    ///< likewise, encoded as what is added up was, by one who keeps what that leaves out
  vote,         ///< all M at once give one
  gather,       ///< not combined: every worker receives all M
  lead,         ///< not combined: every worker receives the leader's
  neighbours,   ///< not combined: every worker receives its neighbours', one for each edge of a graph
};

/// Combines payloads. Knows no time and no network.
class Aggregator {
 public:
  virtual ~Aggregator() = default;

  /// One payload from `parts` (at least one), in the order given. Where a part has no contents, neither has the result.
  /// Throws PayloadError if the parts are not of one shape, or have no contents where the result's size depends on them
  /// (sparse signs).
  virtual Payload combine(std::span<const Payload> parts) const = 0;

  /// The part of `sent` that made its way into `result`; what is missing from it goes back to the sender's residual.
  virtual Payload accepted(const Payload& sent, const Payload& result) const;

  /// What of the sum of `parts` is not in `result`, which combine() made of them: it goes to the residual of whoever
  /// combined them. None where it goes back to the senders, or where payloads have no contents.
  virtual std::optional<Payload> cut_off(std::span<const Payload> parts, const Payload& result) const;
};

/// The shape of a tensor.
using TensorShape = std::vector<std::uint64_t>;

/// What else a codec may depend on. Lists may be empty where a codec has no use for them.
struct RoundContext {
  std::uint64_t seed = 0;         ///< of this (run, worker, group, step, round), for codecs that draw random numbers
  std::uint64_t shared_seed = 0;  ///< of this (run, group, step): all workers have the same
  std::span<const TensorShape> tensors = {};  ///< that the gradient is of, one after another; none: one vector
  std::span<const Payload> previous = {};     ///< what each earlier round of the step gave, the same to all workers
  const Payload* last_step = nullptr;         ///< what the last round of the step before gave; null in the first step
  std::uint64_t workers = 1;                  ///< that encode and exchange; sizes may not depend on it
  std::uint64_t step = 0;                     ///< its number, for codecs whose steps take turns: Codec::cycle
};

/// Turns a gradient into bytes and back. Immutable.
///
/// A method is a list of rounds. In each the workers encode, with one codec, and combine what they encoded; a later
/// round's codec sees what the earlier rounds gave. Only the last round's codec decodes and settles.
///
/// Example: the leader of a step sends the indices of its K largest elements, and then every worker its values there,
/// which are added up. The second codec finds the indices in `context.previous[0]`.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual Combining combining() const = 0;

  /// What the bytes are. A new layout is a new kind.
  virtual PayloadKind kind() const = 0;

  /// Encodes N = gradient.size() values; a codec that sparsifies keeps `entries` of them (1 <= entries <= N).
  /// Throws NonFiniteError.
  virtual Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const = 0;

  /// What `encode` makes of one gradient in several steps: payloads without contents, one a step. Throws
  /// NonFiniteError.
  virtual std::vector<Payload> sizes(std::span<const float> gradient, std::size_t entries,
                                     std::span<const RoundContext> steps) const;

  /// True if `encode` keeps the K largest elements and looks at no others. Where several K are wanted, one selection
  /// then serves all.
  virtual bool keeps_largest() const { return false; }

  /// What `encode` makes of a gradient of that many elements whose K largest are these. For codecs that keep the
  /// largest.
  virtual Payload encode_largest(PairsView largest, std::uint64_t elements) const;

  /// Adds weight times what `payload` stands for to `out` (size N). Throws PayloadError.
  virtual void decode(const Payload& payload, float weight, std::span<float> out,
                      const RoundContext& context) const = 0;

  /// Takes what the receivers `accepted` out of `residual`, which holds the corrected gradient that was encoded.
  virtual void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const = 0;

  /// Zeroes `values` (size N) where elements were sent: what settle does where these are sent as they are.
  virtual void zero_sent(const Payload& sent, std::span<float> values, const RoundContext& context) const;

  /// The header of a payload of N elements and K entries, if its size does not depend on the values. (Where zeros are
  /// among the K largest, sparse signs are fewer.) `tensors`: as in RoundContext.
  virtual std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                               std::span<const TensorShape> tensors) const = 0;

  /// Steps after which payloads have the same shapes again: 1 unless steps take turns. What `shape` gives is then of
  /// the first of them.
  virtual std::size_t cycle() const { return 1; }

  /// `shape` of a step by its number.
  virtual std::optional<Payload::Header> shape_in_step(std::uint64_t step, std::uint64_t elements,
                                                       std::uint64_t entries,
                                                       std::span<const TensorShape> tensors) const;

  /// At most so many bytes a payload has, where its size depends on the values.
  virtual std::uint64_t most_bytes(std::uint64_t elements, std::uint64_t entries) const;

  /// True if `encode` goes on from what the step before gave: RoundContext::last_step.
  virtual bool continues() const { return false; }

  /// False if the sizes of payloads and of what they combine to follow from N, K and shapes, so that what only wants
  /// sizes can do without contents.
  virtual bool sizes_need_contents() const { return true; }

  /// Null where payloads are not combined.
  virtual std::unique_ptr<const Aggregator> aggregator() const = 0;
};

/// Which workers are neighbours, where each exchanges with its neighbours alone.
struct Graph {
  enum class Kind {
    ring,      ///< each has two, one of two workers
    torus,     ///< a grid, as square as may be, that closes on itself: each has four
    complete,  ///< each has all others
    listed,    ///< those in `lists`
  };
  Kind kind = Kind::ring;
  std::shared_ptr<const std::vector<std::vector<int>>> lists = nullptr;  ///< listed: by rank its neighbours, ascending
};

struct CodecOptions {
  IndexCoding index = IndexCoding::raw32;
  ValueCoding values = ValueCoding::fp32;
  Precision precision = Precision::fp32;  ///< of dense payloads
  int rank = 4;                           ///< of the matrices that approximate a gradient
  int levels = 7;                         ///< above zero, to which elements are rounded
  std::uint64_t bucket = 512;             ///< elements that share a scale, a power of two; 0: all
  bool packs_bits = true;                 ///< levels take the bits they need, else a byte
  std::uint64_t block = 256;              ///< elements that share a largest magnitude, a power of two
  int bits = 8;                           ///< of an element rounded to nearest, or of the sum of such
  bool requantizes = true;                ///< sums are rounded again; else all workers have the same scales
  Chunking chunking = {};                 ///< of which each chunk keeps its largest
  std::uint32_t counters = 12;            ///< of a count sketch, for each entry that a worker keeps
  bool sends_indices = false;             ///< each worker draws its own entries, and says which
  bool two_way = false;                   ///< a server adds up what is gathered otherwise, and encodes the sum again
  Graph graph = {};                       ///< whose edges join neighbours
  bool error_feedback = true;             ///< what is not sent is sent later, so that nothing is scaled up for it
};

/// Levels above zero of each of so many workers, whose sum takes no more bits; 0 where it cannot.
constexpr unsigned levels_in_sum(int bits, std::uint64_t workers) {
  return static_cast<unsigned>(((std::uint64_t{1} << (bits - 1)) - 1) / workers);
}

/// A word that a parameter may be.
struct ParameterWord {
  std::string_view word;
  std::string_view summary;  ///< empty where the word says it all
  std::int64_t value;
};

/// What users may choose about a codec beside the number of entries: a field of the method in a scenario. Reading,
/// schema, defaults, labels and sweeps follow from this.
struct CodecParameter {
  std::string_view key;
  std::string_view about;
  bool swept = false;                ///< a sweep may give it for all methods that take it
  std::vector<ParameterWord> words;  ///< the first, unless users say otherwise; none: a whole number
  std::int64_t least = 0;            ///< of whole numbers
  std::int64_t most = 0;
  bool powers_of_two = false;  ///< of whole numbers: none but powers of two from 32 on, and 0 if `least` is
  std::int64_t (*get)(const CodecOptions& options);
  void (*set)(CodecOptions& options, std::int64_t value);
  std::string (*describe)(const CodecOptions& options) = nullptr;  ///< values that have no word; null: numbers

  /// The word, the number, or what describes it.
  std::string text_of(const CodecOptions& options) const;
};

/// Every parameter, in the order in which users see them.
std::span<const CodecParameter* const> codec_parameters();

/// A codec that users can name, and how to make it.
struct CodecEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view encoding;  ///< codecs with the same encoding and options make the same payloads
  bool sparsifies = false;    ///< takes a number of entries to keep
  bool feeds_back = false;    ///< error feedback keeps what is not sent, unless users say otherwise
  bool rounds = false;        ///< at random, so that error feedback has something to keep, but is not needed
  bool varies = false;        ///< how many entries it sends changes from step to step
  bool stands_alone = true;   ///< a payload says all of its elements; else earlier rounds or a seed are needed, too
  std::vector<const CodecParameter*> parameters = {};
  std::unique_ptr<const Codec> (*make)(const CodecOptions& options, std::shared_ptr<const Primitives> primitives);

  bool takes(const CodecParameter& parameter) const;
};

/// Every codec, in the order in which they are listed to users.
std::span<const CodecEntry> codecs();

/// The entry called `name`, or null.
const CodecEntry* find_codec(std::string_view name);

}  // namespace simrun
