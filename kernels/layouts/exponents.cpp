// Powers of two: the upper 9 bits of each as fp32, sign and exponent; exponent 0 is zero, 255 none. 32 elements in 9
// words: codes.hpp.

#include "kernels/byte_view.hpp"
#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

constexpr std::uint32_t no_exponent = 255;

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format) {
  const auto words = view_as<std::uint32_t>(values);
  for (std::uint64_t i = 0; i < entries; ++i) {
    if ((code_at(words, i, exponent_bits) & no_exponent) == no_exponent)
      return Flaw{static_cast<std::size_t>(i * exponent_bits / 8), "an exponent is that of no number"};
  }
  return check_codes(values, entries, exponent_bits);
}

}  // namespace

LayoutEntry exponents_layout() {
  return {.kind = PayloadKind::exponents,
          .name = "exponents",
          .entries = "exponents",
          .grain = whole_words,
          .size = [](std::uint64_t entries, Format) { return code_bytes(entries, exponent_bits); },
          .check = check,
          .append = [](std::span<const Piece> pieces, Format,
                       std::vector<std::byte>& out) { append_codes(pieces, 0, exponent_bits, out); }};
}

std::span<const std::uint32_t> view_exponents(const Payload& payload) {
  std::vector<std::uint32_t> none;
  return view_as<std::uint32_t>(view_body(payload, PayloadKind::exponents, none).values);
}

}  // namespace simrun
