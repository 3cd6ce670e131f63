// The low bits of every index as they are, the high bits in unary.
//
// With l = floor(log2(N/K)) low bits an index:
//
//     ceil(K l / 32) uint32 words                 the low l bits of each index, packed from the lowest bit
//     ceil((K + ceil(N/2^l) + 1) / 32) words      bit (index_j >> l) + j set for the j-th index, all others 0
//
// Bits left over at the end of each part are 0. No indices take no bytes.
// Source: Elias, Journal of the ACM 1974; Fano, MIT Project MAC 1971.

#include <array>
#include <bit>

#include "kernels/index_codings/bits.hpp"
#include "kernels/index_codings/codings.hpp"

namespace simrun {
namespace {

struct Shape {
  unsigned low_bits = 0;  ///< l, 0 to 32
  std::uint64_t low_words = 0;
  std::uint64_t high_bits = 0;
  std::uint64_t high_words = 0;

  std::uint64_t words() const { return low_words + high_words; }
};

Shape shape_of(std::uint64_t elements, std::uint64_t entries) {
  Shape shape;
  if (entries == 0) return shape;
  if (entries < elements) shape.low_bits = static_cast<unsigned>(std::bit_width(elements / entries)) - 1;
  const std::uint64_t step = std::uint64_t{1} << shape.low_bits;
  shape.low_words = words_for(entries * shape.low_bits);
  shape.high_bits = entries + (elements + step - 1) / step + 1;
  shape.high_words = words_for(shape.high_bits);
  return shape;
}

std::optional<std::uint64_t> size(std::uint64_t elements, std::uint64_t entries) {
  return shape_of(elements, entries).words() * word_bytes;
}

void encode(std::span<const std::uint32_t> indices, std::uint64_t elements, std::vector<std::byte>& out) {
  const Shape shape = shape_of(elements, indices.size());
  std::byte* const begin = grow(out, shape.words() * word_bytes);
  const std::uint64_t low_mask = (std::uint64_t{1} << shape.low_bits) - 1;
  BitWriter low(begin);
  std::byte* const high = begin + shape.low_words * word_bytes;
  for (std::size_t j = 0; j < indices.size(); ++j) {
    const std::uint64_t index = indices[j];
    low.put(static_cast<std::uint32_t>(index & low_mask), shape.low_bits);
    const std::uint64_t bit = (index >> shape.low_bits) + j;
    std::byte* const word = high + bit / 32 * word_bytes;
    store_word(word, load_word(word) | 1U << (bit % 32));
  }
  low.finish();
}

/// Bits that are not part of `bits` in the last of the words that hold them are 0.
void check_padding(const std::byte* words, std::uint64_t bits) {
  if (bits % 32 == 0) return;
  if (load_word(words + bits / 32 * word_bytes) >> (bits % 32) != 0) {
    throw PayloadError("a bit behind the indices of the payload is set");
  }
}

/// Puts the two parts of each index together. read_bits may read a word of the high part behind the last low word.
void read_indices(const std::byte* low, std::span<const std::byte> high, const Shape& shape, std::uint64_t elements,
                  std::span<std::uint32_t> indices) {
  static constexpr std::array<std::byte, 2 * word_bytes> no_low_words{};
  if (shape.low_words == 0) low = no_low_words.data();
  std::uint64_t least = 0;  // what the next index must at least be
  bool ascending = true;
  std::size_t j = 0;
  for_each_bit(high, [&](std::uint64_t bit) {
    const std::uint64_t index = (bit - j) << shape.low_bits | read_bits(low, j * shape.low_bits, shape.low_bits);
    ascending &= index >= least;
    least = index + 1;
    indices[j++] = static_cast<std::uint32_t>(index);
  });
  if (!ascending) throw PayloadError("an index of the payload is not above the one before it");
  if (least > elements) throw PayloadError("the last index of the payload is not below its number of elements");
}

std::vector<std::uint32_t> decode(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries,
                                  std::size_t& used) {
  const Shape shape = shape_of(elements, entries);
  const auto words = first_words(bytes, shape.words());
  const auto high = words.subspan(shape.low_words * word_bytes);
  if (count_bits(high) != entries) throw PayloadError("the payload has another number of indices than of entries");
  if (entries > 0) {
    check_padding(words.data(), entries * shape.low_bits);
    check_padding(high.data(), shape.high_bits);
  }
  std::vector<std::uint32_t> indices(entries);
  read_indices(words.data(), high, shape, elements, indices);
  used = words.size();
  return indices;
}

}  // namespace

IndexCodingEntry elias_fano_coding() {
  return {IndexCoding::elias_fano,
          "elias-fano",
          "about 2 + log2(N/K) bits an index, whichever they are",
          size,
          encode,
          decode};
}

}  // namespace simrun
