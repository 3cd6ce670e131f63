#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/layout.hpp"

namespace simrun {

/// One way to write the values of K entries as bytes: first fp32 numbers that all of them have in common, then a number
/// of so many bits each (kernels/layouts/codes.hpp). Layouts of kept entries write their values so.
struct ValueCodingEntry {
  ValueCoding coding;
  std::string_view name;
  std::string_view summary;
  unsigned bits;           ///< of a value: 1, 2, 4, 8, 16 or 32
  unsigned common = 0;     ///< fp32 numbers before the values
  bool has_scale = false;  ///< the only one of these, finite and not negative

  /// Writes K values that are finite. Returns the first that becomes none, K where all are.
  std::size_t (*write)(std::span<const float> values, std::span<float> common, std::span<std::uint32_t> words);

  /// values = what was written.
  void (*read)(std::span<const float> common, std::span<const std::uint32_t> words, std::span<float> values);

  /// Bytes that K values take, a multiple of 4.
  std::uint64_t size(std::uint64_t entries) const;

  /// The same of bytes, size(K) of them, at a multiple of 4.
  std::size_t encode(std::span<const float> values, std::span<std::byte> bytes) const;
  void decode(std::span<const std::byte> bytes, std::span<float> values) const;

  /// As in LayoutEntry. Throws PayloadError for pieces that differ in what their values have in common.
  std::optional<Flaw> flaw_in(std::span<const std::byte> bytes, std::uint64_t entries) const;
  void append(std::span<const Piece> pieces, std::vector<std::byte>& out) const;
};

/// Every coding of values, in the order in which they are listed to users.
std::span<const ValueCodingEntry> value_codings();

/// The entry of `coding`; null, or PayloadError, for a value that is none.
const ValueCodingEntry* find_value_coding(ValueCoding coding);
const ValueCodingEntry& value_coding(ValueCoding coding);

}  // namespace simrun
