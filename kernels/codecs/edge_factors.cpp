#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/codecs.hpp"
#include "kernels/layout.hpp"
#include "kernels/low_rank.hpp"

// PowerGossip, Vogels, Karimireddy, Jaggi, NeurIPS 2020: a step of power iteration a step of training on D, by how much
// the models of two neighbours differ. Both know orthonormal factors Q. Each sends its matrix times Q; what they
// receive less what they sent is P = D Q, to both the same but for its sign, and P Q^T is decoded. P, made orthonormal,
// is what both know in the next step, which sends matrices, transposed, times P. What is no matrix is sent as it is.

namespace simrun {
namespace {

/// True in steps that multiply matrices from the right: of rows x columns, rank x rows values are sent.
bool sends_left(std::uint64_t step) {
  return step % 2 == 0;
}

std::uint64_t sent_size(const FactoredPart& part, std::uint64_t step) {
  return sends_left(step) || !part.is_factored() ? part.left_size() : part.right_size();
}

/// The length of a vector that both ends know.
std::uint64_t known_length(const FactoredPart& part, std::uint64_t step) {
  return sends_left(step) ? part.shape.columns : part.shape.rows;
}

std::uint64_t sent_size(std::span<const FactoredPart> parts, std::uint64_t step) {
  std::uint64_t size = 0;
  for (const FactoredPart& part : parts) size += sent_size(part, step);
  return size;
}

/// A part with what was sent of it and what both ends know.
struct PartOfEdge {
  const FactoredPart& part;
  std::span<const float> known;
  std::uint64_t first;  ///< value that was sent
};

class EdgeFactors final : public Codec {
 public:
  EdgeFactors(int rank, std::shared_ptr<const Primitives> primitives)
      : rank_(rank), primitives_(std::move(primitives)) {}

  Combining combining() const override { return Combining::neighbours; }
  PayloadKind kind() const override { return PayloadKind::dense32; }
  bool continues() const override { return true; }
  std::size_t cycle() const override { return 2; }
  bool sizes_need_contents() const override { return false; }
  std::unique_ptr<const Aggregator> aggregator() const override { return nullptr; }

  Payload encode(std::span<const float> model, std::size_t, const RoundContext& context) const override {
    const std::vector<FactoredPart> parts = factored_parts(context.tensors, model.size(), rank_);
    const Payload::Header header = full_header(kind(), sent_size(parts, context.step));
    std::vector<std::byte> bytes(header.bytes);
    const auto sent = view_as<float>(std::span(bytes));
    for_each_part(parts, context, [&](const PartOfEdge& of) {
      const auto m = model.subspan(of.part.first, of.part.elements);
      const auto out = sent.subspan(of.first, sent_size(of.part, context.step));
      if (!of.part.is_factored()) {
        std::ranges::copy(m, out.begin());
      } else if (sends_left(context.step)) {
        primitives_->multiply(of.part.shape, m, of.known, out);
      } else {
        primitives_->multiply_transposed(of.part.shape, m, of.known, out);
      }
    });
    check_sums(sent, model);
    return Payload::make(header, std::move(bytes));
  }

  /// `payload` may be of a model, or a difference of such.
  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    const std::vector<FactoredPart> parts = factored_parts(context.tensors, out.size(), rank_);
    check_payload(payload, kind(), sent_size(parts, context.step));
    check_contents(payload);
    const auto values = view_as<float>(payload.bytes());
    for_each_part(parts, context, [&](const PartOfEdge& of) {
      const auto m = out.subspan(of.part.first, of.part.elements);
      const auto sent = values.subspan(of.first, sent_size(of.part, context.step));
      if (!of.part.is_factored()) {
        for (std::size_t i = 0; i < m.size(); ++i) m[i] += weight * sent[i];
      } else if (sends_left(context.step)) {
        primitives_->add_product(of.part.shape, sent, of.known, weight, m);
      } else {
        primitives_->add_product(of.part.shape, of.known, sent, weight, m);
      }
    });
  }

  void settle(const Payload&, std::span<float>, const RoundContext&) const override {
    throw std::logic_error("models that are exchanged leave no residual");
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t entries,
                                       std::span<const TensorShape> tensors) const override {
    return shape_in_step(0, elements, entries, tensors);
  }

  std::optional<Payload::Header> shape_in_step(std::uint64_t step, std::uint64_t elements, std::uint64_t,
                                               std::span<const TensorShape> tensors) const override {
    return full_header(kind(), sent_size(factored_parts(tensors, elements, rank_), step));
  }

 private:
  template <class Work>
  void for_each_part(std::span<const FactoredPart> parts, const RoundContext& context, const Work& work) const {
    // What the step before gave are the other factors.
    if (context.last_step != nullptr) {
      check_payload(*context.last_step, kind(), sent_size(parts, context.step + 1));
      check_contents(*context.last_step);
    }
    std::uint64_t first = 0;
    std::uint64_t last_first = 0;
    for (const FactoredPart& part : parts) {
      const std::vector<float> known = known_factors(part, last_first, context);
      work(PartOfEdge{part, known, first});
      first += sent_size(part, context.step);
      last_first += sent_size(part, context.step + 1);
    }
  }

  /// `first`: of the part's values in what the step before gave. Vectors that are zero there, as all are before the
  /// first step, are drawn at random.
  std::vector<float> known_factors(const FactoredPart& part, std::uint64_t first, const RoundContext& context) const {
    const std::uint64_t length = known_length(part, context.step);
    std::vector<float> factors(part.shape.rank * length);
    if (!part.is_factored()) return factors;
    if (context.last_step != nullptr) {
      const auto last = view_as<float>(context.last_step->bytes()).subspan(first, factors.size());
      std::ranges::copy(last, factors.begin());
      primitives_->orthonormalise(factors, length);
    }
    if (draw_zero_vectors(factors, length, context.shared_seed, first)) primitives_->orthonormalise(factors, length);
    return factors;
  }

  int rank_;
  std::shared_ptr<const Primitives> primitives_;
};

}  // namespace

std::unique_ptr<const Codec> make_edge_factors(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<EdgeFactors>(options.rank, std::move(primitives));
}

}  // namespace simrun
