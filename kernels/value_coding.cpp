#include "kernels/value_coding.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "kernels/byte_view.hpp"
#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/value_codings/codings.hpp"

namespace simrun {

std::span<const ValueCodingEntry> value_codings() {
  static const std::array table{fp32_values(), fp16_values(), bf16_values(), int8_values(),
                                int4_values(), int2_values(), sign_values()};
  return table;
}

const ValueCodingEntry* find_value_coding(ValueCoding coding) {
  const auto all = value_codings();
  const auto found = std::ranges::find(all, coding, &ValueCodingEntry::coding);
  return found == all.end() ? nullptr : &*found;
}

const ValueCodingEntry& value_coding(ValueCoding coding) {
  const ValueCodingEntry* found = find_value_coding(coding);
  if (found == nullptr)
    throw PayloadError("there is no coding of values " + std::to_string(static_cast<unsigned>(coding)));
  return *found;
}

std::uint64_t ValueCodingEntry::size(std::uint64_t entries) const {
  return common * sizeof(float) + code_bytes(entries, bits);
}

std::size_t ValueCodingEntry::encode(std::span<const float> values, std::span<std::byte> bytes) const {
  const std::size_t before = common * sizeof(float);
  return write(values, view_as<float>(bytes.first(before)), view_as<std::uint32_t>(bytes.subspan(before)));
}

void ValueCodingEntry::decode(std::span<const std::byte> bytes, std::span<float> values) const {
  const std::size_t before = common * sizeof(float);
  read(view_as<float>(bytes.first(before)), view_as<std::uint32_t>(bytes.subspan(before)), values);
}

std::optional<Flaw> ValueCodingEntry::flaw_in(std::span<const std::byte> bytes, std::uint64_t entries) const {
  const std::size_t before = common * sizeof(float);
  if (has_scale && !is_scale(view_as<float>(bytes.first(before)).front()))
    return Flaw{0, "a scale is not a finite number, or has a sign"};
  std::optional<Flaw> flaw = check_codes(bytes.subspan(before), entries, bits);
  if (flaw) flaw->at += before;
  return flaw;
}

void ValueCodingEntry::append(std::span<const Piece> pieces, std::vector<std::byte>& out) const {
  const std::size_t before = common * sizeof(float);
  append_common(pieces, before, out);
  std::uint64_t entries = 0;
  for (const Piece& piece : pieces) entries += piece.last - piece.first;
  std::byte* const codes = grow(out, code_bytes(entries, bits));
  if (bits >= 8) {
    const std::size_t width = bits / 8;
    std::byte* at = codes;
    for (const Piece& piece : pieces)
      at = std::ranges::copy(piece.values.subspan(before + piece.first * width, (piece.last - piece.first) * width), at)
               .out;
    return;
  }
  BitWriter writer(codes);
  for (const Piece& piece : pieces) {
    const auto words = view_as<std::uint32_t>(piece.values.subspan(before));
    for (std::uint64_t j = piece.first; j < piece.last; ++j) writer.put(code_at(words, j, bits), bits);
  }
  writer.finish();
}

}  // namespace simrun
