// The signs of K entries: ceil(K/8) bytes, entry j in bit j%8 of byte j/8, 1 = negative, padding bits 0.

#include <algorithm>

#include "kernels/layouts/layouts.hpp"

namespace simrun {
namespace {

std::uint64_t size(std::uint64_t entries, Format) {
  return (entries + 7) / 8;
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format) {
  if (entries % 8 == 0 || std::to_integer<unsigned>(values.back()) >> (entries % 8) == 0) return std::nullopt;
  return Flaw{values.size() - 1, "a padding bit is set"};
}

void append(std::span<const Piece> pieces, Format, std::vector<std::byte>& out) {
  std::vector<std::byte> signs;
  std::size_t count = 0;
  for (const Piece& piece : pieces) {
    append_signs(signs, count, piece.values, piece.first, piece.last);
    count += piece.last - piece.first;
  }
  out.insert(out.end(), signs.begin(), signs.end());
}

/// The same where both begin with a byte.
void append_bytes(std::vector<std::byte>& out, std::span<const std::byte> signs, std::size_t entries) {
  const auto bytes = signs.first(size(entries, 0));
  out.insert(out.end(), bytes.begin(), bytes.end());
  if (entries % 8 != 0) out.back() &= static_cast<std::byte>((1U << (entries % 8)) - 1);
}

}  // namespace

LayoutEntry sparse_signs_layout() {
  return {.kind = PayloadKind::sparse_signs,
          .name = "sparse-signs",
          .entries = "signs",
          .has_indices = true,
          .size = size,
          .check = check,
          .append = append};
}

Payload make_sparse_signs(IndexCoding coding, std::uint64_t elements, SparseSignsView signs) {
  const std::uint64_t entries = signs.indices.size();
  const Piece all{signs.signs, 0, entries, entries};
  return make_payload({.kind = PayloadKind::sparse_signs, .index = coding, .elements = elements, .entries = entries},
                      signs.indices, {&all, 1});
}

SparseSignsView view_sparse_signs(const Payload& payload, std::vector<std::uint32_t>& decoded) {
  const BodyView view = view_body(payload, PayloadKind::sparse_signs, decoded);
  return {view.indices, view.values};
}

SparseSigns read_sparse_signs(const Payload& payload) {
  std::vector<std::uint32_t> decoded;
  const SparseSignsView view = view_sparse_signs(payload, decoded);
  return {{view.indices.begin(), view.indices.end()}, {view.signs.begin(), view.signs.end()}};
}

void append_signs(std::vector<std::byte>& out, std::size_t count, std::span<const std::byte> signs, std::size_t first,
                  std::size_t last) {
  if (count % 8 == 0 && first % 8 == 0) return append_bytes(out, signs.subspan(first / 8), last - first);
  out.resize((count + last - first + 7) / 8);
  for (std::size_t size; first < last; first += size, count += size) {  // 8 entries, or the rest
    size = std::min<std::size_t>(8, last - first);
    const bool in_two = first % 8 + size > 8;
    const unsigned two = std::to_integer<unsigned>(signs[first / 8]) |
                         (in_two ? std::to_integer<unsigned>(signs[first / 8 + 1]) << 8 : 0U);
    const unsigned entries = (two >> (first % 8) & ((1U << size) - 1)) << (count % 8);
    out[count / 8] |= static_cast<std::byte>(entries);
    if (count % 8 + size > 8) out[count / 8 + 1] |= static_cast<std::byte>(entries >> 8);
  }
}

}  // namespace simrun
