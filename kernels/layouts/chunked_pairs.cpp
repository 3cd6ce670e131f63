// Of every chunk of elements its kept entries, of which there are as many in each chunk: their places within the chunk,
// ascending, log2(chunk) bits each, all places one after another (codes.hpp), and then their values as the format's
// coding writes them (kernels/value_coding.hpp). The format tells how many elements a chunk has, and how many it keeps:
// ChunkFormat. The last chunk may be shorter, and then keep fewer.

#include <algorithm>

#include "kernels/byte_view.hpp"
#include "kernels/index_codings/bits.hpp"
#include "kernels/layouts/codes.hpp"
#include "kernels/layouts/layouts.hpp"
#include "kernels/value_coding.hpp"

namespace simrun {
namespace {

bool knows(Format format) {
  const Chunking chunking = ChunkFormat::of(format);
  const ValueCoding values = values_of(format);
  return chunking.is_valid() && find_value_coding(values) != nullptr &&
         format == ChunkFormat::written(chunking, values);
}

std::uint64_t kept(std::uint64_t elements, Format format) {
  return ChunkFormat::of(format).entries(elements);
}

std::uint64_t grain(Format format) {
  return ChunkFormat::of(format).chunk;
}

std::uint64_t place_bytes(std::uint64_t entries, Format format) {
  return code_bytes(entries, ChunkFormat::of(format).place_bits());
}

std::uint64_t size(std::uint64_t elements, Format format) {
  const std::uint64_t entries = kept(elements, format);
  return place_bytes(entries, format) + value_coding(values_of(format)).size(entries);
}

/// Places ascend in their chunk, and lie in it.
std::optional<Flaw> check_places(std::span<const std::byte> values, std::uint64_t elements, Format format) {
  const Chunking chunking = ChunkFormat::of(format);
  const unsigned bits = chunking.place_bits();
  const auto words = view_as<std::uint32_t>(values);
  std::uint64_t entry = 0;
  for (std::uint64_t first = 0; first < elements; first += chunking.chunk) {
    const std::uint64_t here = std::min<std::uint64_t>(chunking.chunk, elements - first);
    std::uint64_t least = 0;
    for (const std::uint64_t end = entry + std::min<std::uint64_t>(chunking.keeps, here); entry < end; ++entry) {
      const std::uint32_t place = code_at(words, entry, bits);
      const auto at = static_cast<std::size_t>(entry * bits / 8);
      if (place < least) return Flaw{at, "places in a chunk do not ascend"};
      if (place >= here) return Flaw{at, "a place is beyond the end of the elements"};
      least = std::uint64_t{place} + 1;
    }
  }
  return entry == 0 ? std::nullopt : check_codes(values.first(place_bytes(entry, format)), entry, bits);
}

std::optional<Flaw> check(std::span<const std::byte> values, std::uint64_t elements, Format format) {
  if (auto flaw = check_places(values, elements, format)) return flaw;
  const std::uint64_t entries = kept(elements, format);
  const std::uint64_t before = place_bytes(entries, format);
  auto flaw = value_coding(values_of(format)).flaw_in(values.subspan(before), entries);
  if (flaw) flaw->at += before;
  return flaw;
}

void append(std::span<const Piece> pieces, Format format, std::vector<std::byte>& out) {
  const unsigned bits = ChunkFormat::of(format).place_bits();
  const auto first = [=](const Piece& piece) { return kept(piece.first, format); };
  const auto last = [=](const Piece& piece) { return first(piece) + kept(piece.last - piece.first, format); };
  std::uint64_t entries = 0;
  for (const Piece& piece : pieces) entries += last(piece) - first(piece);
  BitWriter places(grow(out, place_bytes(entries, format)));
  for (const Piece& piece : pieces) {
    const auto words = view_as<std::uint32_t>(piece.values);
    for (std::uint64_t j = first(piece); j < last(piece); ++j) places.put(code_at(words, j, bits), bits);
  }
  places.finish();
  std::vector<Piece> values;
  for (const Piece& piece : pieces) {
    const std::uint64_t whole = kept(piece.whole, format);
    values.push_back({piece.values.subspan(place_bytes(whole, format)), first(piece), last(piece), whole});
  }
  value_coding(values_of(format)).append(values, out);
}

}  // namespace

LayoutEntry chunked_pairs_layout() {
  return {.kind = PayloadKind::chunked_pairs,
          .name = "chunked-pairs",
          .entries = "chunks",
          .knows = knows,
          .kept = kept,
          .grain = grain,
          .size = size,
          .check = check,
          .append = append};
}

ChunkedPairsView view_chunked_pairs(const Payload& payload, std::vector<float>& decoded) {
  std::vector<std::uint32_t> none;
  const auto values = view_body(payload, PayloadKind::chunked_pairs, none).values;
  const Format format = payload.header().format;
  const std::uint64_t before = place_bytes(payload.entries(), format);
  const auto words = view_as<std::uint32_t>(values.first(before));
  const auto coded = values.subspan(before);
  if (values_of(format) == ValueCoding::fp32) return {ChunkFormat::of(format), words, view_as<float>(coded)};
  decoded.resize(payload.entries());
  value_coding(values_of(format)).decode(coded, decoded);
  return {ChunkFormat::of(format), words, decoded};
}

std::vector<std::uint32_t> ChunkedPairsView::indices() const {
  std::vector<std::uint32_t> all(values.size());
  const unsigned bits = chunking.place_bits();
  for (std::uint64_t j = 0; j < all.size(); ++j)
    all[j] = static_cast<std::uint32_t>(j / chunking.keeps * chunking.chunk) + code_at(words, j, bits);
  return all;
}

}  // namespace simrun
