// The values of K entries as the format's coding writes them (kernels/value_coding.hpp): as fp32, one after another, as
// a dense payload has them.

#include "kernels/byte_view.hpp"
#include "kernels/layouts/layouts.hpp"
#include "kernels/value_coding.hpp"

namespace simrun {
namespace {

bool knows(Format format) {
  return find_value_coding(values_of(format)) != nullptr && format == with_values(0, values_of(format));
}

std::uint64_t size(std::uint64_t entries, Format format) {
  return value_coding(values_of(format)).size(entries);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t entries, Format format) {
  return value_coding(values_of(format)).flaw_in(values, entries);
}

void append(std::span<const Piece> pieces, Format format, std::vector<std::byte>& out) {
  value_coding(values_of(format)).append(pieces, out);
}

Payload::Header header_of(IndexCoding coding, std::uint64_t elements, std::uint64_t entries, Format format) {
  return {.kind = PayloadKind::pairs, .index = coding, .elements = elements, .entries = entries, .format = format};
}

}  // namespace

LayoutEntry pairs_layout() {
  return {.kind = PayloadKind::pairs,
          .name = "pairs",
          .entries = "values",
          .has_indices = true,
          .knows = knows,
          .size = size,
          .check = check,
          .append = append};
}

Payload make_pairs(IndexCoding coding, std::uint64_t elements, PairsView pairs, ValueCoding values) {
  const std::uint64_t entries = pairs.indices.size();
  std::vector<std::byte> coded;
  std::span<const std::byte> bytes = std::as_bytes(pairs.values);
  if (values != ValueCoding::fp32) {
    coded.resize(value_coding(values).size(entries));
    const std::size_t lost = value_coding(values).encode(pairs.values, coded);
    if (lost < entries) throw NonFiniteError(pairs.indices[lost]);
    bytes = coded;
  }
  const Piece all{bytes, 0, entries, entries};
  return make_payload(header_of(coding, elements, entries, with_values(0, values)), pairs.indices, {&all, 1});
}

PairsView view_pairs(const Payload& payload, Pairs& decoded) {
  const BodyView view = view_body(payload, PayloadKind::pairs, decoded.indices);
  const ValueCoding values = values_of(payload.header().format);
  if (values == ValueCoding::fp32) return {view.indices, view_as<float>(view.values)};
  decoded.values.resize(payload.entries());
  value_coding(values).decode(view.values, decoded.values);
  return {view.indices, decoded.values};
}

Pairs read_pairs(const Payload& payload) {
  Pairs decoded;
  const PairsView view = view_pairs(payload, decoded);
  return {{view.indices.begin(), view.indices.end()}, {view.values.begin(), view.values.end()}};
}

Payload chosen_pairs(const Payload& payload, std::span<const std::uint64_t> entries) {
  std::vector<std::uint32_t> decoded;
  const BodyView view = view_body(payload, PayloadKind::pairs, decoded);
  std::vector<std::uint32_t> indices;
  std::vector<Piece> pieces = {{view.values, 0, 0, payload.entries()}};
  for (const std::uint64_t entry : entries) {
    indices.push_back(view.indices[entry]);
    if (pieces.back().last == entry) {
      ++pieces.back().last;
    } else {
      pieces.push_back({view.values, entry, entry + 1, payload.entries()});
    }
  }
  return make_payload(header_of(payload.index(), payload.elements(), indices.size(), payload.header().format), indices,
                      pieces);
}

}  // namespace simrun
