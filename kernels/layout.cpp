#include "kernels/layout.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "kernels/byte_view.hpp"
#include "kernels/index_coding.hpp"
#include "kernels/layouts/layouts.hpp"

namespace simrun {

std::span<const LayoutEntry> layouts() {
  static const std::array table{dense32_layout(),      dense16_layout(),      pairs_layout(),         signs_layout(),
                                sparse_signs_layout(), scaled_signs_layout(), indices_layout(),       levels_layout(),
                                exponents_layout(),    two_means_layout(),    chunked_pairs_layout(), sketch_layout(),
                                dense_bf16_layout(),   integers_layout()};
  return table;
}

const LayoutEntry* find_layout(PayloadKind kind) {
  const auto all = layouts();
  const auto found = std::ranges::find(all, kind, &LayoutEntry::kind);
  return found == all.end() ? nullptr : &*found;
}

const LayoutEntry& layout_of(PayloadKind kind) {
  const LayoutEntry* found = find_layout(kind);
  if (found == nullptr)
    throw PayloadError("there is no kind of payload " + std::to_string(static_cast<unsigned>(kind)));
  return *found;
}

std::uint64_t grain_of(const LayoutEntry& layout, Format format) {
  return layout.grain == nullptr ? 1 : layout.grain(format);
}

std::uint64_t kept_entries(const LayoutEntry& layout, std::uint64_t elements, Format format) {
  return layout.kept == nullptr ? elements : layout.kept(elements, format);
}

Payload::Header full_header(PayloadKind kind, std::uint64_t elements, Format format) {
  const LayoutEntry& layout = layout_of(kind);
  return {.kind = kind,
          .elements = elements,
          .entries = kept_entries(layout, elements, format),
          .bytes = (layout.bare ? 0 : Payload::header_bytes) + layout.size(elements, format),
          .format = format};
}

std::optional<Payload::Header> sparse_header(PayloadKind kind, IndexCoding coding, std::uint64_t elements,
                                             std::uint64_t entries, Format format) {
  const auto index_bytes = index_coding(coding).size(elements, entries);
  if (!index_bytes) return std::nullopt;
  return Payload::Header{.kind = kind,
                         .index = coding,
                         .elements = elements,
                         .entries = entries,
                         .bytes = Payload::header_bytes + *index_bytes + layout_of(kind).size(entries, format),
                         .format = format};
}

Payload make_payload(const Payload::Header& header, std::span<const std::uint32_t> indices,
                     std::span<const Piece> pieces) {
  const LayoutEntry& layout = layout_of(header.kind);
  const auto expected = layout.has_indices
                            ? sparse_header(header.kind, header.index, header.elements, header.entries, header.format)
                            : full_header(header.kind, header.elements, header.format);
  std::vector<std::byte> bytes;
  if (expected) bytes.reserve(expected->bytes);
  if (!layout.bare) bytes.resize(Payload::header_bytes);
  if (layout.has_indices) index_coding(header.index).encode(indices, header.elements, bytes);
  layout.append(pieces, header.format, bytes);
  if (layout.bare) bytes.resize(expected->bytes);  // zeros beyond the end
  return Payload::make(header, std::move(bytes));
}

BodyView view_body(const Payload& payload, PayloadKind kind, std::vector<std::uint32_t>& decoded) {
  if (payload.kind() != kind) throw PayloadError("the payload is of another kind than the one asked for");
  if (!payload.has_contents()) throw PayloadError("the payload has no contents, only a size");
  const LayoutEntry& layout = layout_of(kind);
  const std::span<const std::byte> body = payload.body();
  const std::uint64_t entries = layout.has_indices ? payload.entries() : payload.elements();
  std::span<const std::uint32_t> indices;
  std::size_t used = layout.has_indices ? entries * sizeof(std::uint32_t) : 0;
  if (payload.index() == IndexCoding::raw32 && used <= body.size()) {
    indices = view_as<std::uint32_t>(body.first(used));
  } else if (layout.has_indices) {
    decoded = index_coding(payload.index()).decode(body, payload.elements(), entries, used);
    indices = decoded;
  }
  if (body.size() != used + layout.size(entries, payload.header().format))
    throw PayloadError("the values of the payload do not match its number of entries");
  return {indices, body.subspan(used)};
}

}  // namespace simrun
