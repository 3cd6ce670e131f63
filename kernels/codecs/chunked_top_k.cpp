#include <algorithm>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/gathered.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/value_coding.hpp"

namespace simrun {
namespace {

/// The largest elements of every chunk of neighbours, as many of each chunk, gathered.
/// Source: DeMo, Peng, Quesnelle, Kingma, 2024 (arXiv 2411.19870); SparseLoCo, Sarfi, Therien, Lidin, Belilovsky, 2025
/// (arXiv 2508.15706). Both select so. DeMo selects among the coefficients of a cosine transform of each chunk:
/// cosine_top_k.cpp. With values of 2 bits the payload is SparseLoCo's.
class ChunkedTopK final : public Gathered {
 public:
  ChunkedTopK(Chunking chunking, ValueCoding values, std::shared_ptr<const Primitives> primitives)
      : Gathered(PayloadKind::chunked_pairs, ChunkFormat::written(chunking, values), std::move(primitives)),
        chunking_(chunking),
        values_(values) {}

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext&) const override {
    const Payload::Header header = *shape(gradient.size(), 0, {});
    std::vector<std::byte> bytes(header.bytes);
    const auto body = std::span(bytes).subspan(Payload::header_bytes);
    const std::uint64_t place_bytes = code_bytes(header.entries, chunking_.place_bits());
    const auto words = view_as<std::uint32_t>(body.first(place_bytes));
    if (values_ == ValueCoding::fp32) {
      primitives().select_in_chunks(chunking_, gradient, words, view_as<float>(body.subspan(place_bytes)));
      return Payload::make(header, std::move(bytes));
    }
    std::vector<float> values(header.entries);
    primitives().select_in_chunks(chunking_, gradient, words, values);
    const std::size_t lost = value_coding(values_).encode(values, body.subspan(place_bytes));
    if (lost < values.size()) throw NonFiniteError(ChunkedPairsView{chunking_, words, values}.indices()[lost]);
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext&) const override {
    check_payload(payload, kind(), out.size());
    std::vector<float> decoded;
    const ChunkedPairsView view = view_chunked_pairs(payload, decoded);
    primitives().add_in_chunks(view.chunking, view.words, view.values, weight, out);
  }

  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    if (values_ == ValueCoding::fp32) return zero_sent(accepted, residual, context);
    decode(accepted, -1.0F, residual, context);
  }

  void zero_sent(const Payload& sent, std::span<float> values, const RoundContext&) const override {
    check_payload(sent, kind(), values.size());
    std::vector<float> decoded;
    primitives().scatter_zero(view_chunked_pairs(sent, decoded).indices(), values);
  }

 private:
  Chunking chunking_;
  ValueCoding values_;
};

}  // namespace

std::unique_ptr<const Codec> make_chunked_top_k(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives) {
  Chunking chunking = options.chunking;
  chunking.keeps = std::min(chunking.keeps, chunking.chunk);
  return std::make_unique<ChunkedTopK>(chunking, options.values, std::move(primitives));
}

}  // namespace simrun
