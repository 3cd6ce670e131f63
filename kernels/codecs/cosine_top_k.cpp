#include "kernels/codecs/gathered.hpp"

namespace simrun {
namespace {

/// The largest coefficients of a cosine transform of every chunk of neighbours, as many of each chunk, gathered.
/// Source: DeMo, Peng, Quesnelle, Kingma, 2024 (arXiv 2411.19870), which transforms blocks of 64 x 64 entries of a
/// matrix in both directions. Here a chunk is a row of entries.
class CosineTopK final : public Gathered {
 public:
  CosineTopK(std::unique_ptr<const Codec> selection, std::uint32_t chunk, Format format,
             std::shared_ptr<const Primitives> primitives)
      : Gathered(PayloadKind::chunked_pairs, format, std::move(primitives)),
        selection_(std::move(selection)),
        chunk_(chunk) {}

  Payload encode(std::span<const float> gradient, std::size_t entries, const RoundContext& context) const override {
    std::vector<float> coefficients(gradient.size());
    primitives().transform_chunks(chunk_, gradient, coefficients);
    return selection_->encode(coefficients, entries, context);
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    std::vector<float> decoded;
    const ChunkedPairsView view = view_chunked_pairs(payload, decoded);
    primitives().add_cosines_in_chunks(view.chunking, view.words, view.values, weight, out);
  }

 private:
  std::unique_ptr<const Codec> selection_;
  std::uint32_t chunk_;
};

}  // namespace

std::unique_ptr<const Codec> make_cosine_top_k(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives) {
  auto selection = make_chunked_top_k(options, primitives);
  const Format format = selection->shape(0, 0, {})->format;
  return std::make_unique<CosineTopK>(std::move(selection), options.chunking.chunk, format, std::move(primitives));
}

}  // namespace simrun
