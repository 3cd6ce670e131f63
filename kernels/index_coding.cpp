#include "kernels/index_coding.hpp"

#include <array>
#include <string>

#include "kernels/index_codings/codings.hpp"

namespace simrun {

std::span<const IndexCodingEntry> index_codings() {
  static const std::array<IndexCodingEntry, 4> table{raw32_coding(), bitmap_coding(), delta_coding(),
                                                     elias_fano_coding()};
  return table;
}

const IndexCodingEntry& index_coding(IndexCoding coding) {
  for (const IndexCodingEntry& entry : index_codings()) {
    if (entry.coding == coding) return entry;
  }
  throw PayloadError("there is no index coding " + std::to_string(static_cast<unsigned>(coding)));
}

}  // namespace simrun
