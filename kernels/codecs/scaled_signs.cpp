#include <cstring>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Delta = (||p||_1 / N) sign(p) of the corrected gradient p, with zero as positive; what Delta is off by stays in the
/// residual. Every worker gets the Deltas of all.
/// Source: EF-signSGD, Karimireddy, Rebjock, Stich, Jaggi, ICML 2019 (arXiv 1901.09847), Algorithm 1 and its
/// distributed form.
class ScaledSigns final : public Codec {
 public:
  explicit ScaledSigns(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::gather; }
  PayloadKind kind() const override { return PayloadKind::scaled_signs; }

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext&) const override {
    const Payload::Header header = full_header(kind(), gradient.size());
    std::vector<std::byte> bytes(header.bytes);
    const auto body = std::span(bytes).subspan(Payload::header_bytes);
    primitives_->pack_signs(gradient, view_as<std::uint32_t>(body.subspan(sizeof(float))));
    const float scale = gradient.empty() ? 0.0F : mean_magnitude(gradient);
    std::memcpy(body.data(), &scale, sizeof scale);
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    const ScaledSignsView view = view_scaled_signs(payload);
    const float scale = weight * view.scale;
    primitives_->add_signs(view.words, scale, -scale, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    decode(accepted, -1.0F, residual, context);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), elements);
  }

  bool sizes_need_contents() const override { return false; }

  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

 private:
  /// Never above the largest magnitude, so that it is finite.
  float mean_magnitude(std::span<const float> x) const {
    return static_cast<float>(primitives_->sum(Term::magnitude, x) / static_cast<double>(x.size()));
  }

  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_scaled_signs(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<ScaledSigns>(std::move(primitives));
}

}  // namespace simrun
