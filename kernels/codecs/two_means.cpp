#include <bit>
#include <cstring>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/gathered.hpp"

namespace simrun {
namespace {

/// The sign of each element of the corrected gradient, and the means of those below 0 and of the others, which stand
/// for them.
/// Source: 1-bit SGD, Seide, Fu, Droppo, Li, Yu, Interspeech 2014, with one pair of means for all columns.
class TwoMeans final : public Gathered {
 public:
  explicit TwoMeans(std::shared_ptr<const Primitives> primitives)
      : Gathered(PayloadKind::two_means, 0, std::move(primitives)) {}

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext&) const override {
    const Payload::Header header = full_header(kind(), gradient.size());
    std::vector<std::byte> bytes(header.bytes);
    const auto body = std::span(bytes).subspan(Payload::header_bytes);
    const auto words = view_as<std::uint32_t>(body.subspan(2 * sizeof(float)));
    primitives().pack_signs(gradient, words);
    std::uint64_t negative = 0;
    for (const std::uint32_t word : words) negative += static_cast<std::uint64_t>(std::popcount(word));
    const auto means = view_as<float>(body.first(2 * sizeof(float)));
    means[0] = -mean(primitives().sum(Term::negative, gradient), negative);
    means[1] = mean(primitives().sum(Term::positive, gradient), gradient.size() - negative);
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    const TwoMeansView view = view_two_means(payload);
    primitives().add_signs(view.words, weight * view.positive, weight * view.negative, out);
  }

 private:
  /// Never above the largest magnitude, so that it is finite.
  static float mean(double sum, std::uint64_t count) {
    return count == 0 ? 0.0F : static_cast<float>(sum / static_cast<double>(count));
  }
};

}  // namespace

std::unique_ptr<const Codec> make_two_means(const CodecOptions&, std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<TwoMeans>(std::move(primitives));
}

}  // namespace simrun
