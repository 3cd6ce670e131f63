#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/layout.hpp"
#include "kernels/payload.hpp"

namespace simrun {
namespace {

Payload cut_dense(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  const Payload::Header header = dense_header(payload.kind(), end - begin);
  if (!payload.has_contents()) return Payload::size_only(header);
  std::vector<std::byte> bytes(header.bytes);
  const auto all = payload.bytes();
  const std::uint64_t first = std::min(dense_bytes(payload.kind(), begin), payload.size());
  const auto part = all.subspan(first, std::min(header.bytes, payload.size() - first));
  std::copy(part.begin(), part.end(), bytes.begin());
  return Payload::make(header, std::move(bytes));
}

Payload cut_signs(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  if (begin % 32 != 0) throw PayloadError("signs can be cut at multiples of 32 elements only");
  const Payload::Header header = all_signs_header(payload.kind(), end - begin);
  if (!payload.has_contents()) return Payload::size_only(header);
  std::vector<std::byte> bytes(header.bytes);
  const auto body = std::span(bytes).subspan(Payload::header_bytes);
  const std::size_t scale = scale_bytes(payload.kind());
  std::copy_n(payload.body().begin(), scale, body.begin());
  const auto words =
      view_as<std::uint32_t>(payload.body().subspan(scale)).subspan(begin / 32, sign_words(header.elements));
  const auto out = view_as<std::uint32_t>(body.subspan(scale));
  std::copy(words.begin(), words.end(), out.begin());
  if (header.elements % 32 != 0) out.back() &= (1U << (header.elements % 32)) - 1;
  return Payload::make(header, std::move(bytes));
}

/// Entries [first, last) of ascending indices that lie in [begin, end), which become relative to begin.
std::pair<std::size_t, std::size_t> cut_indices(std::vector<std::uint32_t>& indices, std::uint64_t begin,
                                                std::uint64_t end) {
  const auto first = std::lower_bound(indices.begin(), indices.end(), begin);
  const auto last = std::lower_bound(first, indices.end(), end);
  const std::pair<std::size_t, std::size_t> range(first - indices.begin(), last - indices.begin());
  std::for_each(first, last, [begin](std::uint32_t& index) { index = static_cast<std::uint32_t>(index - begin); });
  return range;
}

Payload cut_pairs(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  Pairs pairs = read_pairs(payload);
  const auto [first, last] = cut_indices(pairs.indices, begin, end);
  return make_pairs(
      payload.index(), end - begin,
      {std::span(pairs.indices).subspan(first, last - first), std::span(pairs.values).subspan(first, last - first)});
}

Payload cut_sparse_signs(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  SparseSigns signs = read_sparse_signs(payload);
  const auto [first, last] = cut_indices(signs.indices, begin, end);
  std::vector<std::byte> bits;
  append_signs(bits, 0, signs.signs, first, last);
  return make_sparse_signs(payload.index(), end - begin, {std::span(signs.indices).subspan(first, last - first), bits});
}

/// Number of elements and entries of all parts; the size is left open.
Payload::Header sum_of(std::span<const Payload> parts) {
  if (parts.empty()) throw PayloadError("there are no payloads to join");
  Payload::Header total{.kind = parts.front().kind(), .index = parts.front().index()};
  for (const Payload& part : parts) {
    if (part.kind() != total.kind || part.index() != total.index) {
      throw PayloadError("payloads of different kinds or index codings cannot be joined");
    }
    total.elements += part.elements();
    total.entries += part.entries();
    if (!is_dense(total.kind) && total.elements > Payload::most_elements)
      throw PayloadError("joined, the payloads have over 2^32 elements");
  }
  return total;
}

void check_whole_words(std::span<const Payload> parts) {
  for (const Payload& part : parts.first(parts.size() - 1)) {
    if (part.elements() % 32 != 0) throw PayloadError("signs can be joined at multiples of 32 elements only");
  }
}

Payload join_dense(const Payload::Header& total, std::span<const Payload> parts) {
  const Payload::Header header = dense_header(total.kind, total.elements);
  std::vector<std::byte> bytes;
  bytes.reserve(header.bytes);
  for (const Payload& part : parts) bytes.insert(bytes.end(), part.bytes().begin(), part.bytes().end());
  return Payload::make(header, std::move(bytes));
}

Payload join_signs(const Payload::Header& total, std::span<const Payload> parts) {
  const Payload::Header header = all_signs_header(total.kind, total.elements);
  const std::size_t size = scale_bytes(total.kind);
  const auto scale = parts.front().body().first(size);
  std::vector<std::byte> bytes(Payload::header_bytes);
  bytes.reserve(header.bytes);
  bytes.insert(bytes.end(), scale.begin(), scale.end());
  for (const Payload& part : parts) {
    if (!std::ranges::equal(part.body().first(size), scale))
      throw PayloadError("scaled signs of different scales cannot be joined");
    const auto words = part.body().subspan(size);
    bytes.insert(bytes.end(), words.begin(), words.end());
  }
  return Payload::make(header, std::move(bytes));
}

void append_indices(std::vector<std::uint32_t>& out, std::span<const std::uint32_t> indices, std::uint64_t offset) {
  for (const std::uint32_t index : indices) out.push_back(static_cast<std::uint32_t>(index + offset));
}

Payload join_pairs(const Payload::Header& total, std::span<const Payload> parts) {
  Pairs all;
  std::uint64_t offset = 0;
  for (const Payload& part : parts) {
    const Pairs pairs = read_pairs(part);
    append_indices(all.indices, pairs.indices, offset);
    all.values.insert(all.values.end(), pairs.values.begin(), pairs.values.end());
    offset += part.elements();
  }
  return make_pairs(total.index, total.elements, {all.indices, all.values});
}

Payload join_sparse_signs(const Payload::Header& total, std::span<const Payload> parts) {
  SparseSigns all;
  std::uint64_t offset = 0;
  for (const Payload& part : parts) {
    const SparseSigns signs = read_sparse_signs(part);
    append_signs(all.signs, all.indices.size(), signs.signs, 0, signs.indices.size());
    append_indices(all.indices, signs.indices, offset);
    offset += part.elements();
  }
  return make_sparse_signs(total.index, total.elements, {all.indices, all.signs});
}

Payload join_sizes(const Payload::Header& total) {
  if (is_dense(total.kind)) return Payload::size_only(dense_header(total.kind, total.elements));
  if (has_all_signs(total.kind)) return Payload::size_only(all_signs_header(total.kind, total.elements));
  const auto header = sparse_header(total.kind, total.index, total.elements, total.entries);
  if (!header) throw PayloadError("without contents, payloads of this index coding cannot be joined");
  return Payload::size_only(*header);
}

}  // namespace

Payload cut(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  if (begin > end) throw PayloadError("the range to cut out is not a range");
  if (is_dense(payload.kind())) return cut_dense(payload, begin, end);
  if (end > payload.elements()) throw PayloadError("the range to cut out ends beyond the payload");
  switch (payload.kind()) {
    case PayloadKind::pairs:
      return cut_pairs(payload, begin, end);
    case PayloadKind::sparse_signs:
      return cut_sparse_signs(payload, begin, end);
    default:
      return cut_signs(payload, begin, end);
  }
}

Payload join(std::span<const Payload> parts) {
  const Payload::Header total = sum_of(parts);
  if (has_all_signs(total.kind)) check_whole_words(parts);
  if (!std::all_of(parts.begin(), parts.end(), [](const Payload& part) { return part.has_contents(); })) {
    return join_sizes(total);
  }
  switch (total.kind) {
    case PayloadKind::pairs:
      return join_pairs(total, parts);
    case PayloadKind::sparse_signs:
      return join_sparse_signs(total, parts);
    case PayloadKind::signs:
    case PayloadKind::scaled_signs:
      return join_signs(total, parts);
    default:
      return join_dense(total, parts);
  }
}

}  // namespace simrun
