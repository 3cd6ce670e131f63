#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/gathered.hpp"
#include "kernels/codecs/summed_values.hpp"

namespace simrun {
namespace {

/// Levels of each of so many workers, whose sum takes `bits`. Throws std::invalid_argument where it cannot.
Rounding rounding_of(const CodecOptions& options, std::uint64_t workers) {
  const unsigned levels = levels_in_sum(options.bits, workers);
  if (levels == 0) throw std::invalid_argument("sums of so many workers do not fit the bits");
  return {levels, static_cast<unsigned>(options.bits), options.block};
}

/// The larger of each value.
class Maxima final : public Aggregator {
 public:
  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::dense32);
    if (!all_have_contents(parts)) return parts.front().without_contents();
    std::vector<std::byte> bytes(parts.front().bytes().begin(), parts.front().bytes().end());
    const auto largest = view_as<float>(std::span(bytes));
    for (const Payload& part : parts.subspan(1))
      std::ranges::transform(largest, view_as<float>(part.bytes()), largest.begin(),
                             [](float a, float b) { return std::max(a, b); });
    return Payload::make(parts.front().header(), std::move(bytes));
  }
};

/// The first round: the largest magnitude of every block, as Primitives::round_to_nearest has it.
class BlockMaxima final : public SummedValues {
 public:
  BlockMaxima(const CodecOptions& options, std::shared_ptr<const Primitives> primitives)
      : SummedValues(std::move(primitives)), rounding_(rounding_of(options, 1)) {}

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext&) const override {
    std::vector<std::byte> bytes(rounding_.buckets(gradient.size()) * sizeof(float));
    std::vector<std::uint32_t> words(code_words(gradient.size(), rounding_.bits));
    primitives().round_to_nearest(rounding_, gradient, view_as<float>(std::span(bytes)), words);
    return Payload::make(*shape(gradient.size(), 0, {}), std::move(bytes));
  }

  void decode(const Payload&, float, std::span<float>, const RoundContext&) const override { fail(); }
  void settle(const Payload&, std::span<float>, const RoundContext&) const override { fail(); }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), rounding_.buckets(elements));
  }

  std::unique_ptr<const Aggregator> aggregator() const override { return std::make_unique<Maxima>(); }

 private:
  [[noreturn]] static void fail() { throw std::logic_error("scales alone have no values"); }

  Rounding rounding_;
};

/// Adds whole numbers, in as many bits: none overflows, because workers make them small enough.
class IntegerSum final : public Aggregator {
 public:
  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::integers);
    const Payload::Header& header = parts.front().header();
    if (!all_have_contents(parts)) return parts.front().without_contents();
    std::vector<std::byte> bytes(parts.front().bytes().begin(), parts.front().bytes().end());
    const auto sum = view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes));
    for (const Payload& part : parts.subspan(1)) add_integers(view_integers(part), header.elements, header.format, sum);
    return Payload::make(header, std::move(bytes));
  }
};

/// The second round: elements rounded at random, without a bias, to whole multiples of the block's largest magnitude of
/// all workers over a number of levels, so few that the sum of all workers' takes no more bits.
/// Sources: one scale of all workers, Global-QSGD, Xin, Canini, Richtarik, Horvath, 2023 (arXiv 2305.18627), there a
/// norm; sums that fit by fewer levels, IntSGD, Mishchenko, Wang, Kovalev, Richtarik, ICLR 2022 (arXiv 2102.08374).
class LevelsAtScales final : public Gathered {
 public:
  LevelsAtScales(const CodecOptions& options, std::shared_ptr<const Primitives> primitives)
      : Gathered(PayloadKind::integers, static_cast<Format>(options.bits), std::move(primitives)), options_(options) {}

  Combining combining() const override { return Combining::sum; }

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext& context) const override {
    const Payload::Header header = *shape(gradient.size(), 0, {});
    std::vector<std::byte> bytes(header.bytes);
    primitives().round_to_levels(rounding_of(options_, context.workers), gradient, scales_in(context, gradient.size()),
                                 context.seed, view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes)));
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    check_payload(payload, kind(), out.size());
    const auto words = view_integers(payload);
    primitives().add_levels(rounding_of(options_, context.workers), words, scales_in(context, out.size()), weight, out);
  }

  std::unique_ptr<const Aggregator> aggregator() const override { return std::make_unique<IntegerSum>(); }

 private:
  std::span<const float> scales_in(const RoundContext& context, std::uint64_t elements) const {
    check_previous(context, 1);
    check_payload(context.previous[0], PayloadKind::dense32, rounding_of(options_, 1).buckets(elements));
    check_contents(context.previous[0]);
    return view_as<float>(context.previous[0].bytes());
  }

  CodecOptions options_;
};

}  // namespace

std::unique_ptr<const Codec> make_block_maxima(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<BlockMaxima>(options, std::move(primitives));
}

std::unique_ptr<const Codec> make_levels_at_scales(const CodecOptions& options,
                                                   std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<LevelsAtScales>(options, std::move(primitives));
}

}  // namespace simrun
