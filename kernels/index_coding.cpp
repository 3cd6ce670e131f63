#include "kernels/index_coding.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "kernels/layout.hpp"

namespace simrun {
namespace {

constexpr std::size_t word_bytes = sizeof(std::uint32_t);

void append(std::span<const std::uint32_t> words, std::vector<std::byte>& out) {
  const auto bytes = std::as_bytes(words);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// The first `count` words of `bytes`. The size is checked before anything is allocated.
std::vector<std::uint32_t> read_words(std::span<const std::byte> bytes, std::uint64_t count) {
  if (bytes.size() / word_bytes < count) throw PayloadError("the payload ends within its indices");
  std::vector<std::uint32_t> words(count);
  if (count > 0) std::memcpy(words.data(), bytes.data(), count * word_bytes);
  return words;
}

std::optional<std::uint64_t> raw32_size(std::uint64_t, std::uint64_t entries) {
  return entries * word_bytes;
}

void raw32_encode(std::span<const std::uint32_t> indices, std::uint64_t, std::vector<std::byte>& out) {
  append(indices, out);
}

std::vector<std::uint32_t> raw32_decode(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries,
                                        std::size_t& used) {
  auto indices = read_words(bytes, entries);
  for (std::size_t j = 0; j + 1 < indices.size(); ++j) {
    if (indices[j] >= indices[j + 1]) {
      throw PayloadError("index " + std::to_string(j + 1) + " of the payload is not above the one before it");
    }
  }
  if (!indices.empty() && indices.back() >= elements) {
    throw PayloadError("the last index of the payload is not below its number of elements");
  }
  used = entries * word_bytes;
  return indices;
}

std::optional<std::uint64_t> bitmap_size(std::uint64_t elements, std::uint64_t) {
  return sign_words(elements) * word_bytes;
}

void bitmap_encode(std::span<const std::uint32_t> indices, std::uint64_t elements, std::vector<std::byte>& out) {
  std::vector<std::uint32_t> words(sign_words(elements));
  for (const std::uint32_t index : indices) words[index / 32] |= 1U << (index % 32);
  append(words, out);
}

std::vector<std::uint32_t> bitmap_decode(std::span<const std::byte> bytes, std::uint64_t elements,
                                         std::uint64_t entries, std::size_t& used) {
  const auto words = read_words(bytes, sign_words(elements));
  std::uint64_t present = 0;
  for (const std::uint32_t word : words) present += static_cast<std::uint64_t>(std::popcount(word));
  if (present != entries) throw PayloadError("the bitmap of the payload has another number of bits than of entries");
  if (elements % 32 != 0 && words.back() >> (elements % 32) != 0) {
    throw PayloadError("the bitmap of the payload has a bit set beyond its elements");
  }
  std::vector<std::uint32_t> indices;
  indices.reserve(entries);
  for (std::size_t w = 0; w < words.size(); ++w) {
    for (std::uint32_t word = words[w]; word != 0; word &= word - 1) {
      indices.push_back(static_cast<std::uint32_t>(w * 32 + static_cast<std::size_t>(std::countr_zero(word))));
    }
  }
  used = words.size() * word_bytes;
  return indices;
}

constexpr std::array<IndexCodingEntry, 2> entries_table{{
    {IndexCoding::raw32, "raw32", "32 bits an index", raw32_size, raw32_encode, raw32_decode},
    {IndexCoding::bitmap, "bitmap", "1 bit an element, whether its index is present or not", bitmap_size, bitmap_encode,
     bitmap_decode},
}};

}  // namespace

std::span<const IndexCodingEntry> index_codings() {
  return entries_table;
}

const IndexCodingEntry& index_coding(IndexCoding coding) {
  for (const IndexCodingEntry& entry : entries_table) {
    if (entry.coding == coding) return entry;
  }
  throw PayloadError("there is no index coding " + std::to_string(static_cast<unsigned>(coding)));
}

}  // namespace simrun
