// Gaps between neighbouring indices, block by block with as few bits as the block's largest gap needs.
//
// A block has 128 indices, the last one what remains. For B = ceil(K/128) blocks:
//
//     B uint32     base: the first index of each block
//     B bytes      width: bits of the block's largest stored value, 0 to 32; then zeros up to a multiple of 4 bytes
//     B times      for a block of n indices, n values of `width` bits: 0, then each gap to the index before less one,
//                  packed from the lowest bit of ceil(n width / 32) uint32 words; bits left over are 0
//
// Bases and widths lie apart and every block starts on a word, so that blocks can be coded side by side.

#include <algorithm>
#include <array>
#include <bit>

#include "kernels/index_codings/bits.hpp"
#include "kernels/index_codings/codings.hpp"

namespace simrun {
namespace {

constexpr std::size_t block_entries = 128;

constexpr std::uint64_t blocks_for(std::uint64_t entries) {
  return (entries + block_entries - 1) / block_entries;
}

/// Words of the widths of that many blocks.
constexpr std::uint64_t width_words(std::uint64_t blocks) {
  return (blocks + word_bytes - 1) / word_bytes;
}

std::span<const std::uint32_t> block_of(std::span<const std::uint32_t> indices, std::size_t block) {
  const std::size_t first = block * block_entries;
  return indices.subspan(first, std::min(block_entries, indices.size() - first));
}

unsigned width_of(std::span<const std::uint32_t> block) {
  std::uint32_t bits = 0;
  for (std::size_t j = 1; j < block.size(); ++j) bits |= block[j] - block[j - 1] - 1;
  return static_cast<unsigned>(std::bit_width(bits));
}

std::optional<std::uint64_t> size(std::uint64_t, std::uint64_t) {
  return std::nullopt;
}

void encode(std::span<const std::uint32_t> indices, std::uint64_t, std::vector<std::byte>& out) {
  const std::uint64_t blocks = blocks_for(indices.size());
  std::vector<std::uint8_t> widths(blocks);
  std::uint64_t words = blocks + width_words(blocks);
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto block = block_of(indices, b);
    widths[b] = static_cast<std::uint8_t>(width_of(block));
    words += words_for(block.size() * widths[b]);
  }
  std::byte* base = grow(out, words * word_bytes);
  std::byte* at = base + blocks * word_bytes;
  if (blocks > 0) std::memcpy(at, widths.data(), blocks);
  at += width_words(blocks) * word_bytes;
  for (std::size_t b = 0; b < blocks; ++b, base += word_bytes) {
    const auto block = block_of(indices, b);
    store_word(base, block.front());
    BitWriter gaps(at);
    gaps.put(0, widths[b]);
    for (std::size_t j = 1; j < block.size(); ++j) gaps.put(block[j] - block[j - 1] - 1, widths[b]);
    at = gaps.finish();
  }
}

/// Where the parts of K coded indices are.
struct Parts {
  const std::byte* bases;
  std::span<const std::byte> widths;
  const std::byte* gaps;
  std::size_t bytes;  ///< of all parts
};

Parts find_parts(std::span<const std::byte> bytes, std::uint64_t entries) {
  const std::uint64_t blocks = blocks_for(entries);
  std::uint64_t words = blocks + width_words(blocks);
  const auto head = first_words(bytes, words);
  const auto widths = head.subspan(blocks * word_bytes, blocks);
  const auto padding = head.subspan((blocks * word_bytes) + blocks);
  if (std::any_of(padding.begin(), padding.end(), [](std::byte value) { return value != std::byte{0}; })) {
    throw PayloadError("a byte behind the widths of the payload's indices is not 0");
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto width = std::to_integer<unsigned>(widths[b]);
    if (width > 32) throw PayloadError("an index of the payload has more than 32 bits");
    words += words_for(std::min<std::uint64_t>(block_entries, entries - b * block_entries) * width);
  }
  return {head.data(), widths, head.data() + head.size(), first_words(bytes, words).size()};
}

/// Reads the indices of a block that starts with `base`. Returns the last of them, which may be beyond 32 bits.
std::uint64_t read_block(const std::byte* gaps, std::uint32_t base, unsigned width, std::span<std::uint32_t> block) {
  constexpr std::size_t read_on = 2 * word_bytes;  // zeros behind the block: read_bits reads two words
  std::array<std::byte, block_entries * word_bytes + read_on> words;
  const std::size_t count = words_for(block.size() * width);
  std::memcpy(words.data(), gaps, count * word_bytes);
  std::memset(words.data() + count * word_bytes, 0, read_on);
  std::uint64_t index = base;
  std::uint32_t bits = 0;
  for (std::size_t j = 0; j < block.size(); ++j) {
    const std::uint32_t gap = read_bits(words.data(), j * width, width);
    bits |= gap;
    index += gap;
    block[j] = static_cast<std::uint32_t>(index++);
  }
  if (static_cast<unsigned>(std::bit_width(bits)) != width) {
    throw PayloadError("the indices of the payload take more bits than they need");
  }
  if (read_bits(words.data(), 0, width) != 0) throw PayloadError("a block of the payload's indices opens with a gap");
  const unsigned left_over = static_cast<unsigned>(count * 32 - block.size() * width);
  if (left_over > 0 && load_word(words.data() + (count - 1) * word_bytes) >> (32 - left_over) != 0) {
    throw PayloadError("a bit behind a block of the payload's indices is set");
  }
  return index - 1;
}

std::vector<std::uint32_t> decode(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries,
                                  std::size_t& used) {
  const Parts parts = find_parts(bytes, entries);
  std::vector<std::uint32_t> indices(entries);
  const std::byte* gaps = parts.gaps;
  std::uint64_t least = 0;  // what the next index must at least be
  for (std::size_t b = 0; b < parts.widths.size(); ++b) {
    const std::size_t first = b * block_entries;
    const auto block = std::span(indices).subspan(first, std::min(block_entries, indices.size() - first));
    const std::uint32_t base = load_word(parts.bases + b * word_bytes);
    const auto width = std::to_integer<unsigned>(parts.widths[b]);
    if (base < least) throw PayloadError("a block of the payload's indices is not above the one before it");
    const std::uint64_t last = read_block(gaps, base, width, block);
    if (last >= elements) throw PayloadError("an index of the payload is not below its number of elements");
    gaps += words_for(block.size() * width) * word_bytes;
    least = last + 1;
  }
  used = parts.bytes;
  return indices;
}

}  // namespace

IndexCodingEntry delta_coding() {
  return {IndexCoding::delta,
          "delta",
          "gaps, in blocks of 128 with as many bits as the block's largest gap takes",
          size,
          encode,
          decode};
}

}  // namespace simrun
