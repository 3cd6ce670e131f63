#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/payloads/gradient_source.hpp"
#include "sim/scenario/scenario.hpp"

namespace simrun {

/// How payloads whose sizes depend on contents are made.
enum class Making {
  encode,  ///< from whole gradients
  select,  ///< from their K largest
  count,   ///< of those only sizes: what comes of a vote on them follows by counting
};

/// One way to encode gradients in the first round. Later rounds' sizes follow from N, K and shapes.
struct Encoding {
  Making making;
  std::shared_ptr<const Codec> codec;
  std::vector<std::uint64_t> entries;  ///< K by group
  std::vector<std::size_t> points;
  std::size_t steps = 1;  ///< training steps, each with payloads of its own

  /// True if only sizes are made: of payloads that are encoded whole and gathered, nothing else is looked at.
  bool sizes_alone() const { return making == Making::encode && codec->combining() == Combining::gather; }
};

/// Of a codec that sends more in one step than in another. Their gradients are alike; what it draws differs.
constexpr std::size_t varying_steps = 4;

/// Gradients, and the ways in which they are encoded.
struct PayloadJob {
  std::unique_ptr<GradientSource> source;
  std::vector<Encoding> encodings;     ///< those that need contents
  std::vector<std::uint64_t> entries;  ///< the largest K of any of them, by group
};

/// Tells ways to encode from each other.
std::string encoding_name(const Scenario& scenario);

Making making_of(const Scenario& scenario, const Codec& codec, const GradientSource& source);

/// How many of the encodings are made so.
std::size_t count_of(Making making, const PayloadJob& job);

/// At most, of any one encoding: all workers' payloads with contents.
double most_bytes_of_payloads(const PayloadJob& job);

/// Bytes that the job takes at most: selections, the payloads of one encoding, counters and what is counted, a gradient
/// or what is held of it.
double bytes_of(const PayloadJob& job);

/// Elements that are made: once for all selections, once for each lot that is counted, once for all
/// that vary from step to step, once for each other encoding.
std::uint64_t elements_of(const PayloadJob& job);

/// How many elements of gradients are made to know the sizes of what the scenario sends, of all workers. Where they are
/// encoded whole, not selected from once for all, each counts four times: that takes about as long.
double elements_of_gradients(const Scenario& scenario);

}  // namespace simrun
