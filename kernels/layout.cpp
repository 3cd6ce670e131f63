#include "kernels/layout.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "kernels/byte_view.hpp"
#include "kernels/index_coding.hpp"

namespace simrun {
namespace {

Payload make_sparse(PayloadKind kind, IndexCoding coding, std::uint64_t elements,
                    std::span<const std::uint32_t> indices, std::span<const std::byte> values) {
  std::vector<std::byte> bytes(Payload::header_bytes);
  if (const auto header = sparse_header(kind, coding, elements, indices.size())) bytes.reserve(header->bytes);
  index_coding(coding).encode(indices, elements, bytes);
  bytes.insert(bytes.end(), values.begin(), values.end());
  return Payload::make({.kind = kind, .index = coding, .elements = elements, .entries = indices.size()},
                       std::move(bytes));
}

/// The two parts of a sparse payload's body.
struct SparseView {
  std::span<const std::uint32_t> indices;
  std::span<const std::byte> values;
};

void check_kind(const Payload& payload, PayloadKind kind) {
  if (payload.kind() != kind) throw PayloadError("the payload is of another kind than the one asked for");
  if (!payload.has_contents()) throw PayloadError("the payload has no contents, only a size");
}

SparseView view_sparse(const Payload& payload, PayloadKind kind, std::vector<std::uint32_t>& decoded) {
  check_kind(payload, kind);
  const std::span<const std::byte> body = payload.body();
  const std::uint64_t entries = payload.entries();
  std::size_t used = entries * sizeof(std::uint32_t);
  std::span<const std::uint32_t> indices;
  if (payload.index() == IndexCoding::raw32 && used <= body.size()) {
    indices = view_as<std::uint32_t>(body.first(used));
  } else {
    decoded = index_coding(payload.index()).decode(body, payload.elements(), entries, used);
    indices = decoded;
  }
  if (body.size() != used + value_bytes(kind, entries)) {
    throw PayloadError("the values of the payload do not match its number of entries");
  }
  return {indices, body.subspan(used)};
}

}  // namespace

std::uint64_t value_bytes(PayloadKind kind, std::uint64_t entries) {
  return kind == PayloadKind::pairs ? entries * sizeof(float) : (entries + 7) / 8;
}

Payload::Header dense_header(PayloadKind kind, std::uint64_t elements) {
  return {.kind = kind, .elements = elements, .entries = elements, .bytes = dense_bytes(kind, elements)};
}

Payload::Header signs_header(std::uint64_t elements) {
  return all_signs_header(PayloadKind::signs, elements);
}

Payload::Header scaled_signs_header(std::uint64_t elements) {
  return all_signs_header(PayloadKind::scaled_signs, elements);
}

bool has_all_signs(PayloadKind kind) {
  return kind == PayloadKind::signs || kind == PayloadKind::scaled_signs;
}

std::size_t scale_bytes(PayloadKind kind) {
  return kind == PayloadKind::scaled_signs ? sizeof(float) : 0;
}

Payload::Header all_signs_header(PayloadKind kind, std::uint64_t elements) {
  return {.kind = kind,
          .elements = elements,
          .entries = elements,
          .bytes = Payload::header_bytes + scale_bytes(kind) + sizeof(std::uint32_t) * sign_words(elements)};
}

std::optional<Payload::Header> sparse_header(PayloadKind kind, IndexCoding coding, std::uint64_t elements,
                                             std::uint64_t entries) {
  const auto index_bytes = index_coding(coding).size(elements, entries);
  if (!index_bytes) return std::nullopt;
  return Payload::Header{.kind = kind,
                         .index = coding,
                         .elements = elements,
                         .entries = entries,
                         .bytes = Payload::header_bytes + *index_bytes + value_bytes(kind, entries)};
}

Payload make_pairs(IndexCoding coding, std::uint64_t elements, PairsView pairs) {
  return make_sparse(PayloadKind::pairs, coding, elements, pairs.indices, std::as_bytes(pairs.values));
}

Payload make_sparse_signs(IndexCoding coding, std::uint64_t elements, SparseSignsView signs) {
  return make_sparse(PayloadKind::sparse_signs, coding, elements, signs.indices, signs.signs);
}

PairsView view_pairs(const Payload& payload, std::vector<std::uint32_t>& decoded) {
  const SparseView view = view_sparse(payload, PayloadKind::pairs, decoded);
  return {view.indices, view_as<float>(view.values)};
}

SparseSignsView view_sparse_signs(const Payload& payload, std::vector<std::uint32_t>& decoded) {
  const SparseView view = view_sparse(payload, PayloadKind::sparse_signs, decoded);
  return {view.indices, view.values};
}

ScaledSignsView view_scaled_signs(const Payload& payload) {
  check_kind(payload, PayloadKind::scaled_signs);
  const std::span<const std::byte> body = payload.body();
  const std::size_t scale = scale_bytes(payload.kind());
  return {view_as<float>(body.first(scale)).front(), view_as<std::uint32_t>(body.subspan(scale))};
}

Pairs read_pairs(const Payload& payload) {
  std::vector<std::uint32_t> decoded;
  const PairsView view = view_pairs(payload, decoded);
  return {{view.indices.begin(), view.indices.end()}, {view.values.begin(), view.values.end()}};
}

SparseSigns read_sparse_signs(const Payload& payload) {
  std::vector<std::uint32_t> decoded;
  const SparseSignsView view = view_sparse_signs(payload, decoded);
  return {{view.indices.begin(), view.indices.end()}, {view.signs.begin(), view.signs.end()}};
}

void append_signs(std::vector<std::byte>& out, std::size_t count, std::span<const std::byte> signs, std::size_t first,
                  std::size_t last) {
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
