#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/payload.hpp"

namespace simrun {

/// One way to write K ascending indices below N as bytes. K <= N <= 2^32, also where bytes are read.
struct IndexCodingEntry {
  IndexCoding coding;
  std::string_view name;
  std::string_view summary;

  /// Bytes for K indices below N where they do not depend on which indices they are; else empty. A multiple of 4.
  std::optional<std::uint64_t> (*size)(std::uint64_t elements, std::uint64_t entries);

  /// Appends the coded indices to `out`.
  void (*encode)(std::span<const std::uint32_t> indices, std::uint64_t elements, std::vector<std::byte>& out);

  /// Reads `entries` indices from the start of `bytes` and sets `used` to the bytes they took. Throws PayloadError
  /// where the bytes are too few, where the indices are not ascending, not distinct or not below `elements`, and where
  /// encode would write other bytes. Allocates nothing for indices that the bytes are too few for.
  std::vector<std::uint32_t> (*decode)(std::span<const std::byte> bytes, std::uint64_t elements, std::uint64_t entries,
                                       std::size_t& used);
};

/// Every index coding, in the order in which they are listed to users.
std::span<const IndexCodingEntry> index_codings();

/// The entry of `coding`; throws PayloadError for a value that is none.
const IndexCodingEntry& index_coding(IndexCoding coding);

}  // namespace simrun
