// Whole numbers with a sign, one an element: two's complement in 2 to 8 bits (codes.hpp). The format tells how many.
// What a unit stands for is for another payload to say.

#include "kernels/byte_view.hpp"
#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

bool knows(Format format) {
  return format >= 2 && format <= 8;
}

std::uint64_t first_array(std::uint64_t, Format) {
  return 0;  // there is one
}

std::uint64_t size(std::uint64_t entries, Format bits) {
  return code_bytes(entries, bits);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format bits) {
  return check_codes(values, entries, bits);
}

void append(std::span<const Piece> pieces, Format bits, std::vector<std::byte>& out) {
  append_codes(pieces, 0, bits, out);
}

}  // namespace

LayoutEntry integers_layout() {
  return {.kind = PayloadKind::integers,
          .name = "integers",
          .entries = "whole numbers",
          .knows = knows,
          .grain = whole_words,
          .size = size,
          .first_array = first_array,
          .check = check,
          .append = append};
}

std::span<const std::uint32_t> view_integers(const Payload& payload) {
  std::vector<std::uint32_t> none;
  return view_as<std::uint32_t>(view_body(payload, PayloadKind::integers, none).values);
}

void add_integers(std::span<const std::uint32_t> words, std::uint64_t elements, unsigned bits,
                  std::span<std::uint32_t> sum) {
  BitWriter writer(std::as_writable_bytes(sum).data());  // writes a word when all that lies in it has been read
  for (std::uint64_t i = 0; i < elements; ++i)
    writer.put((code_at(sum, i, bits) + code_at(words, i, bits)) & ((1U << bits) - 1), bits);
  writer.finish();
}

}  // namespace simrun
