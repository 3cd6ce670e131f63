#include "kernels/byte_view.hpp"
#include "kernels/codecs/gathered.hpp"

namespace simrun {
namespace {

/// Powers of two, rounded to at random. Unbiased, but from 2^127 on.
/// Source: natural compression, Horvath, Ho, Horvath, Sahu, Canini, Richtarik, 2019 (arXiv 1905.10988).
class Exponents final : public Gathered {
 public:
  explicit Exponents(std::shared_ptr<const Primitives> primitives)
      : Gathered(PayloadKind::exponents, 0, std::move(primitives)) {}

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext& context) const override {
    const Payload::Header header = full_header(kind(), gradient.size());
    std::vector<std::byte> bytes(header.bytes);
    primitives().round_to_powers(gradient, context.seed,
                                 view_as<std::uint32_t>(std::span(bytes).subspan(Payload::header_bytes)));
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    primitives().add_powers(view_exponents(payload), weight, out);
  }
};

}  // namespace

std::unique_ptr<const Codec> make_exponents(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<Exponents>(std::move(primitives));
}

}  // namespace simrun
