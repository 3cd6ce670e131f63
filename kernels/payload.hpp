#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace simrun {

/// Bytes that are not a payload, or not the one expected. The message says what is wrong and where.
struct PayloadError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the bytes of a payload stand for: kernels/layouts/. The values are part of the wire format.
enum class PayloadKind : std::uint8_t {
  dense32 = 0,         ///< N fp32 values, no header
  dense16 = 1,         ///< N IEEE half-precision values, no header
  pairs = 2,           ///< K indices in ascending order, then K values
  signs = 3,           ///< 1 bit an element, 1 = negative
  sparse_signs = 4,    ///< K indices in ascending order, then K sign bits, 1 = negative
  scaled_signs = 5,    ///< one fp32 scale for all elements, then 1 bit an element, 1 = negative
  indices = 6,         ///< K indices in ascending order
  levels = 7,          ///< an fp32 scale for each bucket of elements, then a whole number of 2 to 8 bits an element
  exponents = 8,       ///< 9 bits an element: sign and exponent of an fp32 power of two
  two_means = 9,       ///< fp32 means of the negative elements and of the others, then 1 bit an element, 1 = negative
  chunked_pairs = 10,  ///< of every chunk of elements the same number of indices within it, then as many values
  sketch = 11,         ///< 1 bit an element, 1 = an entry, then the fp32 counters of a count sketch of the entries
  dense_bf16 = 12,     ///< N values that are the upper halves of fp32 ones, no header
  integers = 13,       ///< a whole number of 2 to 8 bits an element
};

/// How the values of kept entries are written: kernels/value_coding.hpp. The values are part of the wire format.
enum class ValueCoding : std::uint8_t {
  fp32 = 0,
  fp16 = 1,  ///< IEEE half precision
  bf16 = 2,  ///< the upper half of an fp32 value
  int8 = 3,  ///< a scale, and a whole number of 8 bits each
  int4 = 4,  ///< a scale, and a whole number of 4 bits each
  int2 = 5,  ///< a table of four values, and which of them, 2 bits each
  sign = 6,  ///< a scale, and 1 bit each, 1 = negative
};

/// One of the ways in which a kind writes its values; 0 where it has only one. Part of the wire format. The lower 16
/// bits are the kind's own, the 8 above them a ValueCoding where the kind has entries with values of any coding.
using Format = std::uint32_t;
constexpr unsigned own_format_bits = 16;

constexpr ValueCoding values_of(Format format) {
  return static_cast<ValueCoding>(format >> own_format_bits);
}

constexpr Format with_values(Format own, ValueCoding values) {
  return own | Format{static_cast<std::uint8_t>(values)} << own_format_bits;
}

/// How ascending indices are written. The values are part of the wire format.
enum class IndexCoding : std::uint8_t {
  none = 0,        ///< the payload has no indices
  raw32 = 1,       ///< one uint32 an index
  bitmap = 2,      ///< ceil(N/32) uint32 words, bit i%32 of word i/32 set where index i is present
  delta = 3,       ///< gaps in blocks of 128 with as many bits as the block needs: kernels/index_codings/delta.cpp
  elias_fano = 4,  ///< low bits as they are, high bits in unary: kernels/index_codings/elias_fano.cpp
};

/// The bytes of one message and what they stand for. Immutable; copies share the bytes.
///
/// Wire format, version 1, little-endian. A dense payload is the bare array, because both ends know N. Every other
/// kind opens with a header of 32 bytes, which counts in the size:
///
///     offset  bytes  field
///          0      4  magic, "SRUN"
///          4      1  version, 1
///          5      1  kind (PayloadKind)
///          6      1  index coding (IndexCoding)
///          7      1  format of the values (Format), its lower 8 bits
///          8      8  elements N of the range that the payload covers
///         16      8  entries K (N where the kind has no indices and keeps every element; columns of a sketch)
///         24      6  size of the payload in bytes, header included
///         30      1  coding of the values of kept entries (ValueCoding)
///         31      1  format of the values, its upper 8 bits
///
/// Then the coded indices, a multiple of 4 bytes, where the kind has some, and the values of the entries:
/// kernels/layouts/ has a file for each kind.
class Payload {
 public:
  static constexpr std::size_t header_bytes = 32;
  static constexpr std::uint64_t most_elements = std::uint64_t{1} << 32;

  /// What a header says.
  struct Header {
    PayloadKind kind = PayloadKind::dense32;
    IndexCoding index = IndexCoding::none;
    std::uint64_t elements = 0;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    Format format = 0;

    friend bool operator==(const Header& a, const Header& b) = default;
  };

  Payload() = default;

  /// A payload whose contents nobody needs: it has a size and is moved like any other.
  static Payload size_only(const Header& header);

  /// Writes the header into the first 32 bytes of `bytes` (kinds that have one) and takes them over. `header.bytes` is
  /// set here. The caller vouches for the rest, which is not checked.
  static Payload make(Header header, std::vector<std::byte> bytes);

  /// Reads the payload at the start of `bytes`, which may go on after it. Checks magic, version, kind, coding, counts
  /// and sizes, the order and range of indices, the scale and that padding is zero; throws PayloadError. Not for dense
  /// kinds, which have no header: see parse_dense.
  static Payload parse(std::span<const std::byte> bytes);

  /// The same for bytes that stay where they are: the payload shares their ownership instead of making a copy.
  static Payload parse(std::shared_ptr<const std::byte> bytes, std::size_t size);

  /// `bytes` as `elements` dense values; throws PayloadError if the size does not fit.
  static Payload parse_dense(PayloadKind kind, std::uint64_t elements, std::span<const std::byte> bytes);

  PayloadKind kind() const { return header_.kind; }
  IndexCoding index() const { return header_.index; }
  std::uint64_t elements() const { return header_.elements; }
  std::uint64_t entries() const { return header_.entries; }
  const Header& header() const { return header_; }

  /// Bytes on the wire, header included.
  std::uint64_t size() const { return header_.bytes; }

  bool has_contents() const { return bytes_ != nullptr; }

  /// All bytes, header included; empty without contents.
  std::span<const std::byte> bytes() const;

  /// The bytes behind the header.
  std::span<const std::byte> body() const;

  Payload without_contents() const { return size_only(header_); }

  /// The same payload with its contents at another place, to which the caller copied bytes().
  Payload moved_to(std::shared_ptr<const std::byte> place) const;

  /// True if both have the same header and the same bytes, or both no contents.
  friend bool operator==(const Payload& a, const Payload& b);

 private:
  Header header_;
  std::shared_ptr<const std::byte> bytes_;
};

/// True for the kinds that are a bare array.
bool is_dense(PayloadKind kind);

/// The part of `payload` that covers elements [begin, end), with indices counted from `begin`. A dense payload may be
/// cut beyond its end: the rest is zero. `begin` is a multiple of the layout's grain, or the end of the payload, and
/// where it keeps some of each so is `end`; a scale of all elements is that of every part. Without contents, only kinds
/// without indices, whose size follows from the range, can be cut.
Payload cut(const Payload& payload, std::uint64_t begin, std::uint64_t end);

/// Elements of each of so many parts of a payload, equal ones: as many as need be, up to the layout's grain. Of a bare
/// array the last part ends beyond its end, of other kinds the last ones have fewer elements or none.
std::uint64_t part_elements(const Payload& payload, int parts);

/// The part that covers elements [begin, end) of such.
Payload cut_part(const Payload& payload, std::uint64_t begin, std::uint64_t end);

/// The payload with zeros behind its elements, up to so many, where its layout can have them; else as it is.
Payload extended(const Payload& payload, std::uint64_t elements);

/// The first so many elements of a payload without indices, of which the others are zero.
Payload shortened(const Payload& payload, std::uint64_t elements);

/// Of K entries that are spread evenly over N elements, those in [begin, end): no more than there are elements, and of
/// all parts together K.
constexpr std::uint64_t share_of_entries(std::uint64_t entries, std::uint64_t elements, std::uint64_t begin,
                                         std::uint64_t end) {
  if (entries >= elements) return end - begin;
  return end * entries / elements - begin * entries / elements;
}

/// The payload that covers the ranges of `parts` one after another. Every part but the last that has elements covers a
/// multiple of the layout's grain; a scale of all elements is the same in all. The inverse of cut.
Payload join(std::span<const Payload> parts);

/// The size of that: a payload without contents.
Payload join_sizes(std::span<const Payload> parts);

}  // namespace simrun
