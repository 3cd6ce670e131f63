#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "kernels/layout.hpp"

namespace simrun {
namespace {

Payload cut_sparse(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  std::vector<std::uint32_t> decoded;
  const BodyView view = view_body(payload, payload.kind(), decoded);
  const auto first = std::lower_bound(view.indices.begin(), view.indices.end(), begin);
  const auto last = std::lower_bound(first, view.indices.end(), end);
  std::vector<std::uint32_t> indices(first, last);
  for (std::uint32_t& index : indices) index = static_cast<std::uint32_t>(index - begin);
  const auto before = static_cast<std::uint64_t>(first - view.indices.begin());
  const Piece piece{view.values, before, before + indices.size(), payload.entries()};
  return make_payload({.kind = payload.kind(),
                       .index = payload.index(),
                       .elements = end - begin,
                       .entries = indices.size(),
                       .format = payload.header().format},
                      indices, {&piece, 1});
}

Payload cut_full(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  const Payload::Header header = full_header(payload.kind(), end - begin, payload.header().format);
  if (!payload.has_contents()) return Payload::size_only(header);
  const Piece piece{payload.body(), std::min(begin, payload.elements()), std::min(end, payload.elements()),
                    payload.elements()};
  return make_payload(header, {}, {&piece, 1});
}

/// Number of elements and entries of all parts; the size is left open.
Payload::Header sum_of(std::span<const Payload> parts) {
  if (parts.empty()) throw PayloadError("there are no payloads to join");
  Payload::Header total{
      .kind = parts.front().kind(), .index = parts.front().index(), .format = parts.front().header().format};
  for (const Payload& part : parts) {
    if (part.kind() != total.kind || part.index() != total.index || part.header().format != total.format) {
      throw PayloadError("payloads of different kinds, index codings or formats cannot be joined");
    }
    total.elements += part.elements();
    total.entries += part.entries();
    if (!is_dense(total.kind) && total.elements > Payload::most_elements)
      throw PayloadError("joined, the payloads have over 2^32 elements");
  }
  return total;
}

/// The place, in elements, where a payload is parted or two are joined.
void check_place(const LayoutEntry& layout, Format format, std::uint64_t place, const char* what) {
  const std::uint64_t grain = grain_of(layout, format);
  if (place % grain == 0) return;
  throw PayloadError(std::string(layout.entries) + " can be " + what + " at multiples of " + std::to_string(grain) +
                     " elements only");
}

Payload join_contents(const LayoutEntry& layout, const Payload::Header& total, std::span<const Payload> parts) {
  std::vector<std::uint32_t> indices;
  std::vector<std::uint32_t> decoded;
  std::vector<Piece> pieces;
  std::uint64_t offset = 0;
  if (layout.has_indices) indices.reserve(total.entries);
  for (const Payload& part : parts) {
    const BodyView view = view_body(part, total.kind, decoded);
    for (const std::uint32_t index : view.indices) indices.push_back(static_cast<std::uint32_t>(index + offset));
    const std::uint64_t whole = layout.has_indices ? part.entries() : part.elements();
    pieces.push_back({view.values, 0, whole, whole});
    offset += part.elements();
  }
  return make_payload(total, indices, pieces);
}

/// What follows from numbers alone; none where the size depends on contents.
std::optional<Payload::Header> joined_header(const LayoutEntry& layout, const Payload::Header& total) {
  if (!layout.has_indices) return full_header(total.kind, total.elements, total.format);
  return sparse_header(total.kind, total.index, total.elements, total.entries, total.format);
}

bool have_contents(std::span<const Payload> parts) {
  return std::ranges::all_of(parts, [](const Payload& part) { return part.has_contents(); });
}

/// Parts that can be joined, but for empty ones at the end.
std::span<const Payload> checked_parts(std::span<const Payload> parts, const Payload::Header& total) {
  while (parts.size() > 1 && parts.back().elements() == 0) parts = parts.first(parts.size() - 1);
  for (const Payload& part : parts.first(parts.size() - 1))
    check_place(layout_of(total.kind), total.format, part.elements(), "joined");
  return parts;
}

}  // namespace

Payload cut(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  const LayoutEntry& layout = layout_of(payload.kind());
  if (begin > end) throw PayloadError("the range to cut out is not a range");
  if (!layout.bare && end > payload.elements()) throw PayloadError("the range to cut out ends beyond the payload");
  if (begin < payload.elements()) check_place(layout, payload.header().format, begin, "cut");
  if (layout.kept != nullptr && end < payload.elements()) check_place(layout, payload.header().format, end, "cut");
  return layout.has_indices ? cut_sparse(payload, begin, end) : cut_full(payload, begin, end);
}

std::uint64_t part_elements(const Payload& payload, int parts) {
  const std::uint64_t grain = grain_of(layout_of(payload.kind()), payload.header().format);
  const auto count = static_cast<std::uint64_t>(parts);
  return ((payload.elements() + count - 1) / count + grain - 1) / grain * grain;
}

Payload cut_part(const Payload& payload, std::uint64_t begin, std::uint64_t end) {
  if (is_dense(payload.kind())) return cut(payload, begin, end);
  return cut(payload, std::min(begin, payload.elements()), std::min(end, payload.elements()));
}

Payload extended(const Payload& payload, std::uint64_t elements) {
  const LayoutEntry& layout = layout_of(payload.kind());
  if (layout.first_array == nullptr || elements <= payload.elements()) return payload;
  const Format format = payload.header().format;
  const Payload::Header header = full_header(payload.kind(), elements, format);
  if (!payload.has_contents()) return Payload::size_only(header);
  const auto own = layout.first_array(payload.elements(), format);
  const std::span<const std::byte> body = payload.body();
  std::vector<std::byte> bytes(header.bytes);
  const auto first = bytes.begin() + Payload::header_bytes;
  std::ranges::copy(body.first(own), first);
  std::ranges::copy(body.subspan(own), first + static_cast<std::ptrdiff_t>(layout.first_array(elements, format)));
  return Payload::make(header, std::move(bytes));
}

Payload shortened(const Payload& payload, std::uint64_t elements) {
  return elements == payload.elements() ? payload : cut_full(payload, 0, elements);
}

Payload join(std::span<const Payload> parts) {
  const Payload::Header total = sum_of(parts);
  parts = checked_parts(parts, total);
  return have_contents(parts) ? join_contents(layout_of(total.kind), total, parts) : join_sizes(parts);
}

Payload join_sizes(std::span<const Payload> parts) {
  const Payload::Header total = sum_of(parts);
  parts = checked_parts(parts, total);
  const LayoutEntry& layout = layout_of(total.kind);
  if (const auto header = joined_header(layout, total)) return Payload::size_only(*header);
  if (have_contents(parts)) return join_contents(layout, total, parts).without_contents();
  throw PayloadError("without contents, payloads of this index coding cannot be joined");
}

}  // namespace simrun
