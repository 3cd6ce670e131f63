#include <string>

#include "kernels/index_codings/bits.hpp"
#include "kernels/index_codings/codings.hpp"

namespace simrun {
namespace {

std::optional<std::uint64_t> size(std::uint64_t, std::uint64_t entries) {
  return entries * word_bytes;
}

void encode(std::span<const std::uint32_t> indices, std::uint64_t, std::vector<std::byte>& out) {
  const auto bytes = std::as_bytes(indices);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::vector<std::uint32_t> decode(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries,
                                  std::size_t& used) {
  const auto words = first_words(bytes, entries);
  std::vector<std::uint32_t> indices(entries);
  if (entries > 0) std::memcpy(indices.data(), words.data(), words.size());
  for (std::size_t j = 0; j + 1 < indices.size(); ++j) {
    if (indices[j] >= indices[j + 1]) {
      throw PayloadError("index " + std::to_string(j + 1) + " of the payload is not above the one before it");
    }
  }
  if (!indices.empty() && indices.back() >= elements) {
    throw PayloadError("the last index of the payload is not below its number of elements");
  }
  used = words.size();
  return indices;
}

}  // namespace

IndexCodingEntry raw32_coding() {
  return {IndexCoding::raw32, "raw32", "32 bits an index", size, encode, decode};
}

}  // namespace simrun
