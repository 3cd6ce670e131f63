// Two fp32 numbers, the mean of the negative elements and that of the others, and then the signs of N elements as
// signs.cpp has them.

#include "kernels/byte_view.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

constexpr std::size_t mean_bytes = 2 * sizeof(float);

std::uint64_t size(std::uint64_t entries, Format) {
  return mean_bytes + code_bytes(entries, 1);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format) {
  const auto means = view_as<float>(values.first(mean_bytes));
  if (!is_scale(-means[0])) return Flaw{0, "the mean of negative elements is not a finite number with a sign"};
  if (!is_scale(means[1])) return Flaw{sizeof(float), "the mean is not a finite number, or has a sign"};
  std::optional<Flaw> flaw = check_codes(values.subspan(mean_bytes), entries, 1);
  if (flaw) flaw->at += mean_bytes;
  return flaw;
}

void append(std::span<const Piece> pieces, Format, std::vector<std::byte>& out) {
  append_common(pieces, mean_bytes, out);
  append_codes(pieces, mean_bytes, 1, out);
}

}  // namespace

LayoutEntry two_means_layout() {
  return {.kind = PayloadKind::two_means,
          .name = "two-means",
          .entries = "signs",
          .grain = whole_words,
          .size = size,
          .check = check,
          .append = append};
}

TwoMeansView view_two_means(const Payload& payload) {
  std::vector<std::uint32_t> none;
  const auto values = view_body(payload, PayloadKind::two_means, none).values;
  const auto means = view_as<float>(values.first(mean_bytes));
  return {means[0], means[1], view_as<std::uint32_t>(values.subspan(mean_bytes))};
}

}  // namespace simrun
