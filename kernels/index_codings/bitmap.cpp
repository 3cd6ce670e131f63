#include "kernels/index_codings/bits.hpp"
#include "kernels/index_codings/codings.hpp"

namespace simrun {
namespace {

std::optional<std::uint64_t> size(std::uint64_t elements, std::uint64_t) {
  return words_for(elements) * word_bytes;
}

void encode(std::span<const std::uint32_t> indices, std::uint64_t elements, std::vector<std::byte>& out) {
  std::byte* const words = grow(out, words_for(elements) * word_bytes);
  for (const std::uint32_t index : indices) {
    std::byte* const word = words + std::size_t{index} / 32 * word_bytes;
    store_word(word, load_word(word) | 1U << (index % 32));
  }
}

void check_bits(std::span<const std::byte> words, std::uint64_t elements, std::uint64_t entries) {
  if (count_bits(words) != entries) {
    throw PayloadError("the bitmap of the payload has another number of bits than of entries");
  }
  if (elements % 32 != 0 && load_word(words.data() + words.size() - word_bytes) >> (elements % 32) != 0) {
    throw PayloadError("the bitmap of the payload has a bit set beyond its elements");
  }
}

std::vector<std::uint32_t> decode(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries,
                                  std::size_t& used) {
  const auto words = first_words(bytes, words_for(elements));
  check_bits(words, elements, entries);
  std::vector<std::uint32_t> indices(entries);
  std::uint32_t* next = indices.data();
  for_each_bit(words, [&](std::uint64_t index) { *next++ = static_cast<std::uint32_t>(index); });
  used = words.size();
  return indices;
}

}  // namespace

IndexCodingEntry bitmap_coding() {
  return {IndexCoding::bitmap, "bitmap", "1 bit an element, whether its index is present or not", size, encode, decode};
}

}  // namespace simrun
