#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

/// Source: signSGD with majority vote, Bernstein et al., ICLR 2019.
class SignsVote final : public Aggregator {
 public:
  explicit SignsVote(std::shared_ptr<const Primitives> primitives) : primitives_(std::move(primitives)) {}

  Payload combine(std::span<const Payload> parts) const override {
    check_parts(parts, PayloadKind::signs);
    const Payload::Header header = full_header(PayloadKind::signs, parts.front().elements());
    if (!all_have_contents(parts)) return Payload::size_only(header);
    std::vector<std::span<const std::uint32_t>> planes;
    planes.reserve(parts.size());
    for (const Payload& part : parts) planes.push_back(view_as<std::uint32_t>(part.body()));
    std::vector<std::byte> bytes(header.bytes);
    primitives_->vote(planes, view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes)));
    return Payload::make(header, std::move(bytes));
  }

 private:
  std::shared_ptr<const Primitives> primitives_;
};

/// One bit an element, voted on or gathered. There is no error feedback: with it, everything counts as sent.
/// Source of what is gathered: signSGD, Bernstein et al., ICML 2018; of the momentum's signs, Signum, ibid.
class Signs final : public Codec {
 public:
  Signs(Combining combining, std::shared_ptr<const Primitives> primitives)
      : combining_(combining), primitives_(std::move(primitives)) {}

  Combining combining() const override { return combining_; }
  PayloadKind kind() const override { return PayloadKind::signs; }

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext&) const override {
    const Payload::Header header = full_header(kind(), gradient.size());
    std::vector<std::byte> bytes(header.bytes);
    primitives_->pack_signs(gradient, view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes)));
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    check_contents(payload);
    primitives_->add_signs(view_as<std::uint32_t>(payload.body()), weight, -weight, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext&) const override {
    check_payload(accepted, kind(), residual.size());
    std::fill(residual.begin(), residual.end(), 0.0F);
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape>) const override {
    return full_header(kind(), elements);
  }

  bool sizes_need_contents() const override { return false; }

  std::unique_ptr<const Aggregator> aggregator() const override {
    return combining_ == Combining::vote ? std::make_unique<SignsVote>(primitives_) : nullptr;
  }

 private:
  Combining combining_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_signs(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<Signs>(Combining::vote, std::move(primitives));
}

std::unique_ptr<const Codec> make_gathered_signs(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<Signs>(Combining::gather, std::move(primitives));
}

}  // namespace simrun
