#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/count_sketch.hpp"
#include "kernels/payload.hpp"
#include "kernels/primitives.hpp"

namespace simrun {

/// Entries [first, last) among the values of one payload; elements, where a layout has no indices.
struct Piece {
  std::span<const std::byte> values;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t whole;  ///< of the payload
};

/// What is wrong with values, and where: bytes from their beginning.
struct Flaw {
  std::size_t at;
  const char* what;
};

/// How one kind of payload writes the values of its entries as bytes.
///
/// A payload is a header (unless the layout is bare), coded indices (where the layout has some: then any K of the N
/// elements are its entries, else all N are) and the values of its K entries. A layout knows the values alone; headers,
/// indices, cutting and joining are the same for all.
///
/// A layout without indices may hold fewer entries than elements, if how many follows from the format: it then says
/// itself which they are, or what it has instead of them. What it calls entries below are elements.
///
/// Example: two bits an entry. size(K) = ceil(K/4); check finds bits set behind the last entry; append shifts entries
/// to their place, or with a grain of 4 moves whole bytes.
struct LayoutEntry {
  PayloadKind kind;
  std::string_view name;     ///< device profiles have encode.NAME, combine.NAME and decode.NAME
  std::string_view entries;  ///< what messages call the entries: "values"
  bool bare = false;         ///< an array that both ends know the length of; what is cut beyond its end is zero
  bool has_indices = false;

  /// False for what is no format. Null: 0 is the only one.
  bool (*knows)(Format format) = nullptr;

  /// How many of N elements are entries. Null: all, or with indices any.
  std::uint64_t (*kept)(std::uint64_t elements, Format format) = nullptr;

  /// Parts begin at multiples of so many elements. Null: of 1.
  std::uint64_t (*grain)(Format format) = nullptr;

  /// Bytes that the values of K entries take. K <= 2^32.
  std::uint64_t (*size)(std::uint64_t entries, Format format);

  /// Bytes of the first of two arrays that the values are, to each of which zeros may be added for elements that are
  /// zero. Null: they cannot.
  std::uint64_t (*first_array)(std::uint64_t elements, Format format) = nullptr;

  /// The first thing wrong with values that others may have written, `size` bytes of them. Null if any will do.
  std::optional<Flaw> (*check)(std::span<const std::byte> values, std::uint64_t entries, Format format) = nullptr;

  /// Appends to `out` the values of a payload that has the entries of these pieces (at least one), in their order. Each
  /// piece begins at a multiple of `grain` entries, and each but the last has a multiple of them. Throws PayloadError
  /// if the pieces do not go into one payload.
  void (*append)(std::span<const Piece> pieces, Format format, std::vector<std::byte>& out);
};

std::uint64_t grain_of(const LayoutEntry& layout, Format format);

/// K of N elements, for layouts without indices.
std::uint64_t kept_entries(const LayoutEntry& layout, std::uint64_t elements, Format format);

/// Every layout.
std::span<const LayoutEntry> layouts();

/// The layout of `kind`; null, or PayloadError, for a value that is none.
const LayoutEntry* find_layout(PayloadKind kind);
const LayoutEntry& layout_of(PayloadKind kind);

/// The header of a payload of so many elements. For layouts without indices.
Payload::Header full_header(PayloadKind kind, std::uint64_t elements, Format format = 0);

/// The same of some. For layouts with indices; empty where the size of the coded indices depends on which they are.
std::optional<Payload::Header> sparse_header(PayloadKind kind, IndexCoding coding, std::uint64_t elements,
                                             std::uint64_t entries, Format format = 0);

/// A payload with the entries of these pieces; `header.bytes` is set here. Each index goes with an entry; there are
/// none without indices.
Payload make_payload(const Payload::Header& header, std::span<const std::uint32_t> indices,
                     std::span<const Piece> pieces);

/// Dense payloads of that precision, and the other way round.
PayloadKind dense_kind(Precision precision);
Precision precision_of(PayloadKind dense);

/// The two parts of a body; view_pairs and the like give them types.
struct BodyView {
  std::span<const std::uint32_t> indices;
  std::span<const std::byte> values;
};

/// What a payload of that kind holds, where it lies: coded indices are decoded into `decoded`, others are in the
/// payload, which must live as long. Throws PayloadError if it is of another kind or has no contents.
BodyView view_body(const Payload& payload, PayloadKind kind, std::vector<std::uint32_t>& decoded);

/// Throws NonFiniteError for a value that is none in that coding: beyond the range of fp16 or bf16.
Payload make_pairs(IndexCoding coding, std::uint64_t elements, PairsView pairs, ValueCoding values = ValueCoding::fp32);
PairsView view_pairs(const Payload& payload, Pairs& decoded);  ///< likewise; values that are not fp32 are decoded, too
Pairs read_pairs(const Payload& payload);                      ///< as a copy

/// Those entries of pairs, ascending, as they are written there.
Payload chosen_pairs(const Payload& payload, std::span<const std::uint64_t> entries);

Payload make_indices(IndexCoding coding, std::uint64_t elements, std::span<const std::uint32_t> indices);
std::span<const std::uint32_t> view_indices(const Payload& payload, std::vector<std::uint32_t>& decoded);

Payload make_sparse_signs(IndexCoding coding, std::uint64_t elements, SparseSignsView signs);
SparseSignsView view_sparse_signs(const Payload& payload, std::vector<std::uint32_t>& decoded);
SparseSigns read_sparse_signs(const Payload& payload);  ///< as a copy

/// The parts of the body of scaled signs.
struct ScaledSignsView {
  float scale;
  std::span<const std::uint32_t> words;
};

ScaledSignsView view_scaled_signs(const Payload& payload);

/// The parts of the body of signs with two means.
struct TwoMeansView {
  float negative;  ///< at most 0
  float positive;  ///< of all others; at least 0
  std::span<const std::uint32_t> words;
};

TwoMeansView view_two_means(const Payload& payload);

/// How levels are written.
struct LevelsFormat {
  unsigned bits = 8;        ///< of a level, 2 to 8
  unsigned log_bucket = 0;  ///< 2^log_bucket elements have a scale, at least 32; 0: all have one

  Format written() const { return static_cast<Format>((bits - 1) | log_bucket << 3U); }
  static LevelsFormat of(Format format) { return {(format & 7U) + 1, static_cast<unsigned>(format) >> 3U}; }
  std::uint64_t buckets(std::uint64_t elements) const;
};

/// The parts of the body of levels: the scale of each bucket, and the numbers.
struct LevelsView {
  std::span<const float> scales;
  std::span<const std::uint32_t> words;
};

LevelsView view_levels(const Payload& payload);

/// How the chunks of chunked pairs are written: 4 bits for the elements of a chunk, 12 for how many it keeps.
struct ChunkFormat {
  static Format written(const Chunking& chunking, ValueCoding values = ValueCoding::fp32) {
    return with_values(chunking.place_bits() | (chunking.keeps - 1) << 4U, values);
  }
  static Chunking of(Format format) { return {1U << (format & 15U), (format >> 4U & 0xFFFU) + 1}; }
};

/// The parts of the body of chunked pairs: places within chunks, and as many values.
struct ChunkedPairsView {
  Chunking chunking;
  std::span<const std::uint32_t> words;
  std::span<const float> values;

  /// Of every value, ascending.
  std::vector<std::uint32_t> indices() const;
};

/// Values that are not fp32 are decoded into `decoded`.
ChunkedPairsView view_chunked_pairs(const Payload& payload, std::vector<float>& decoded);

/// How many columns a count sketch has: so many for every 4096 elements, rounded up.
struct SketchFormat {
  static constexpr std::uint64_t elements = 4096;
  static constexpr Format most = 4096;  ///< a column an element, which takes all elements as entries

  static constexpr std::uint64_t columns(std::uint64_t of_elements, Format format) {
    return (of_elements * format + elements - 1) / elements;
  }

  /// With which a sketch of so many elements has at least `counters`, or the most that it may have.
  static constexpr Format with(std::uint64_t counters, std::uint64_t of_elements) {
    const std::uint64_t each = of_elements * sketch_rows;
    const std::uint64_t wanted = each == 0 ? 1 : (counters * elements + each - 1) / each;
    return static_cast<Format>(std::clamp<std::uint64_t>(wanted, 1, most));
  }
};

/// The parts of the body of a sketch.
struct SketchView {
  std::span<const std::uint32_t> words;  ///< a bit an element
  std::span<const float> counters;

  /// Of the entries, ascending.
  std::vector<std::uint32_t> indices() const;
};

SketchView view_sketch(const Payload& payload);

/// The words of whole numbers, and their sums, element by element, in as many bits: sum += words.
std::span<const std::uint32_t> view_integers(const Payload& payload);
void add_integers(std::span<const std::uint32_t> words, std::uint64_t elements, unsigned bits,
                  std::span<std::uint32_t> sum);

/// The words of exponents.
std::span<const std::uint32_t> view_exponents(const Payload& payload);
constexpr unsigned exponent_bits = 9;

/// uint32 words that hold numbers of so many bits.
constexpr std::uint64_t code_words(std::uint64_t elements, unsigned bits) {
  return (elements * bits + 31) / 32;
}

/// uint32 words that hold one bit an element.
constexpr std::uint64_t sign_words(std::uint64_t elements) {
  return (elements + 31) / 32;
}

/// Entry `j` of packed signs is negative.
inline bool sign_bit(std::span<const std::byte> signs, std::size_t j) {
  return (std::to_integer<unsigned>(signs[j / 8]) >> (j % 8) & 1U) != 0;
}

/// Sets the sign of entry `j`, which was 0. Without a branch: signs cannot be predicted.
inline void set_sign_bit(std::span<std::byte> signs, std::size_t j, bool negative) {
  signs[j / 8] |= static_cast<std::byte>(negative) << static_cast<int>(j % 8);
}

/// Appends entries [first, last) of `signs` to the `count` entries that `out` has.
void append_signs(std::vector<std::byte>& out, std::size_t count, std::span<const std::byte> signs, std::size_t first,
                  std::size_t last);

}  // namespace simrun
