#include <algorithm>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/codecs/summed_values.hpp"
#include "kernels/finite.hpp"
#include "kernels/layout.hpp"
#include "kernels/low_rank.hpp"

// PowerSGD, Vogels, Karimireddy, Jaggi, NeurIPS 2019, Algorithms 1 and 2: one step of power iteration. P = M Q is
// added up over the workers and made orthonormal; Q = M^T P is added up likewise; decoded is P Q^T. Q is kept for the
// next step. What error feedback keeps is M minus P times the worker's own Q^T.

namespace simrun {
namespace {

std::uint64_t left_size(std::span<const FactoredPart> parts) {
  std::uint64_t size = 0;
  for (const FactoredPart& part : parts) size += part.left_size();
  return size;
}

std::uint64_t right_size(std::span<const FactoredPart> parts) {
  std::uint64_t size = 0;
  for (const FactoredPart& part : parts) size += part.right_size();
  return size;
}

/// The last step's right factors. A column that is zero, as all are before the first step, is drawn at random.
std::vector<float> first_right_factors(std::span<const FactoredPart> parts, const RoundContext& context) {
  std::vector<float> factors(right_size(parts), 0.0F);
  if (context.last_step != nullptr) {
    check_payload(*context.last_step, PayloadKind::dense32, factors.size());
    std::ranges::copy(view_as<float>(context.last_step->bytes()), factors.begin());
  }
  std::uint64_t at = 0;
  for (const FactoredPart& part : parts) {
    if (!part.is_factored()) continue;
    draw_zero_vectors(std::span(factors).subspan(at, part.right_size()), part.shape.columns, context.shared_seed, at);
    at += part.right_size();
  }
  return factors;
}

/// A codec that works on the parts of a gradient.
class Factors : public SummedValues {
 public:
  Factors(int rank, std::shared_ptr<const Primitives> primitives) : SummedValues(std::move(primitives)), rank_(rank) {}

 protected:
  std::vector<FactoredPart> parts_of(std::uint64_t elements, std::span<const TensorShape> tensors) const {
    return factored_parts(tensors, elements, rank_);
  }

 private:
  int rank_;
};

/// The first round: P, and what is sent as it is.
class LeftFactors final : public Factors {
 public:
  using Factors::Factors;

  bool continues() const override { return true; }

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext& context) const override {
    const std::vector<FactoredPart> parts = parts_of(gradient.size(), context.tensors);
    const std::vector<float> right = first_right_factors(parts, context);
    const Payload::Header header = full_header(kind(), left_size(parts));
    std::vector<std::byte> bytes(header.bytes);
    auto left = view_as<float>(std::span(bytes));
    auto q = std::span(right);
    for (const FactoredPart& part : parts) {
      const auto m = gradient.subspan(part.first, part.elements);
      if (part.is_factored()) {
        primitives().multiply(part.shape, m, q.first(part.right_size()), left.first(part.left_size()));
      } else {
        std::ranges::copy(m, left.begin());
      }
      left = left.subspan(part.left_size());
      q = q.subspan(part.right_size());
    }
    check_sums(view_as<float>(std::span<const std::byte>(bytes)), gradient);
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload&, float, std::span<float>, const RoundContext&) const override { fail(); }
  void settle(const Payload&, std::span<float>, const RoundContext&) const override { fail(); }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape> tensors) const override {
    return full_header(kind(), left_size(parts_of(elements, tensors)));
  }

 private:
  [[noreturn]] static void fail() { throw std::logic_error("left factors alone are no gradient"); }
};

/// The second round: Q.
class RightFactors final : public Factors {
 public:
  using Factors::Factors;

  Payload encode(std::span<const float> gradient, std::size_t, const RoundContext& context) const override {
    const std::vector<FactoredPart> parts = parts_of(gradient.size(), context.tensors);
    const Payload::Header header = full_header(kind(), right_size(parts));
    std::vector<std::byte> bytes(header.bytes);
    auto right = view_as<float>(std::span(bytes));
    for_each_left(parts, context, [&](const FactoredPart& part, std::span<const float> left) {
      if (!part.is_factored()) return check_finite(gradient.subspan(part.first, part.elements));
      primitives().multiply_transposed(part.shape, gradient.subspan(part.first, part.elements), left,
                                       right.first(part.right_size()));
      right = right.subspan(part.right_size());
    });
    check_sums(view_as<float>(std::span<const std::byte>(bytes)), gradient);
    return Payload::make(header, std::move(bytes));
  }

  void decode(const Payload& payload, float weight, std::span<float> out, const RoundContext& context) const override {
    const std::vector<FactoredPart> parts = parts_of(out.size(), context.tensors);
    check_payload(payload, kind(), right_size(parts));
    check_contents(payload);
    auto right = view_as<float>(payload.bytes());
    for_each_left(parts, context, [&](const FactoredPart& part, std::span<const float> left) {
      const auto m = out.subspan(part.first, part.elements);
      if (part.is_factored()) {
        primitives().add_product(part.shape, left, right.first(part.right_size()), weight, m);
      } else {
        for (std::size_t i = 0; i < m.size(); ++i) m[i] += weight * left[i];
      }
      right = right.subspan(part.right_size());
    });
  }

  /// What was sent as it is leaves nothing.
  void settle(const Payload& accepted, std::span<float> residual, const RoundContext& context) const override {
    const std::vector<FactoredPart> parts = parts_of(residual.size(), context.tensors);
    check_payload(accepted, kind(), right_size(parts));
    auto right = view_as<float>(accepted.bytes());
    for_each_left(parts, context, [&](const FactoredPart& part, std::span<const float> left) {
      const auto m = residual.subspan(part.first, part.elements);
      if (part.is_factored()) {
        primitives().add_product(part.shape, left, right.first(part.right_size()), -1.0F, m);
      } else {
        std::ranges::fill(m, 0.0F);
      }
      right = right.subspan(part.right_size());
    });
  }

  std::optional<Payload::Header> shape(std::uint64_t elements, std::uint64_t,
                                       std::span<const TensorShape> tensors) const override {
    return full_header(kind(), right_size(parts_of(elements, tensors)));
  }

 private:
  /// Calls work(part, left) with what the first round gave for each part, factors made orthonormal.
  template <class Work>
  void for_each_left(std::span<const FactoredPart> parts, const RoundContext& context, const Work& work) const {
    check_previous(context, 1);
    check_payload(context.previous[0], PayloadKind::dense32, left_size(parts));
    check_contents(context.previous[0]);
    auto left = view_as<float>(context.previous[0].bytes());
    for (const FactoredPart& part : parts) {
      const auto sum = left.first(part.left_size());
      left = left.subspan(part.left_size());
      if (!part.is_factored()) {
        work(part, sum);
        continue;
      }
      std::vector<float> basis(sum.begin(), sum.end());
      primitives().orthonormalise(basis, part.shape.rows);
      work(part, std::span<const float>(basis));
    }
  }
};

}  // namespace

std::unique_ptr<const Codec> make_left_factors(const CodecOptions& options,
                                               std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<LeftFactors>(options.rank, std::move(primitives));
}

std::unique_ptr<const Codec> make_right_factors(const CodecOptions& options,
                                                std::shared_ptr<const Primitives> primitives) {
  return std::make_unique<RightFactors>(options.rank, std::move(primitives));
}

}  // namespace simrun
