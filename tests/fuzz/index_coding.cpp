// Any bytes as coded indices: refused, or indices that are coded as those very bytes. SIMRUN_FUZZED_CODING is one of
// IndexCoding. The first 16 bytes give N and K.

#include <cstring>

#include "kernels/index_coding.hpp"
#include "tests/fuzz/harness.hpp"

namespace simrun {
namespace {

const IndexCodingEntry& coding = index_coding(IndexCoding::SIMRUN_FUZZED_CODING);

void check(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries) {
  std::size_t used = 0;
  std::vector<std::uint32_t> indices;
  try {
    indices = coding.decode(bytes, elements, entries, used);
  } catch (const PayloadError&) {
    return;
  }
  require(indices.size() == entries, "as many indices as entries");
  for (std::size_t j = 1; j < indices.size(); ++j) require(indices[j - 1] < indices[j], "indices ascend");
  require(indices.empty() || indices.back() < elements, "indices are below N");
  std::vector<std::byte> again;
  coding.encode(indices, elements, again);
  require(used <= bytes.size() && used % 4 == 0, "used bytes are whole words of those given");
  require(again.size() == used && (used == 0 || std::memcmp(again.data(), bytes.data(), used) == 0),
          "the same bytes again");
  const auto declared = coding.size(elements, entries);
  require(!declared || *declared == used, "the declared size");
}

}  // namespace
}  // namespace simrun

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t counts[2];
  if (size < sizeof counts) return 0;
  std::memcpy(counts, data, sizeof counts);
  const std::uint64_t elements = counts[0] % (simrun::Payload::most_elements + 1);
  const std::uint64_t entries = counts[1] % (elements + 1);
  simrun::check(std::as_bytes(std::span(data, size)).subspan(sizeof counts), elements, entries);
  return 0;
}
