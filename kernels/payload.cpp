#include "kernels/payload.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"

namespace simrun {
namespace {

static_assert(std::endian::native == std::endian::little, "payloads are little-endian, copied as they lie in memory");

constexpr std::uint32_t magic = 0x4E555253;  // "SRUN" read as a little-endian uint32
constexpr std::uint8_t version = 1;

constexpr std::size_t version_at = 4;
constexpr std::size_t kind_at = 5;
constexpr std::size_t index_at = 6;
constexpr std::size_t format_at = 7;
constexpr std::size_t elements_at = 8;
constexpr std::size_t entries_at = 16;
constexpr std::size_t bytes_at = 24;
constexpr unsigned size_bits = 48;  ///< of the size; the coding of values and the upper half of the format follow

template <class T>
T read_at(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

template <class T>
void write_at(std::span<std::byte> bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

[[noreturn]] void fail(std::size_t offset, const std::string& what) {
  throw PayloadError("payload, byte " + std::to_string(offset) + ": " + what);
}

void require(bool holds, std::size_t offset, const char* what) {
  if (!holds) fail(offset, what);
}

void write_header(const Payload::Header& header, std::span<std::byte> bytes) {
  write_at(bytes, 0, magic);
  write_at(bytes, version_at, version);
  write_at(bytes, kind_at, header.kind);
  write_at(bytes, index_at, header.index);
  write_at(bytes, format_at, static_cast<std::uint8_t>(header.format));
  write_at(bytes, elements_at, header.elements);
  write_at(bytes, entries_at, header.entries);
  const std::uint64_t upper = header.format >> 8 & 0xFFU;
  const std::uint64_t values = header.format >> own_format_bits;
  write_at(bytes, bytes_at, header.bytes | (values | upper << 8) << size_bits);
}

void check_entries(const LayoutEntry& layout, const Payload::Header& header) {
  require(header.elements <= Payload::most_elements, elements_at, "more than 2^32 elements");
  require(header.entries <= header.elements, entries_at, "more entries than elements");
  if (layout.has_indices || header.entries == kept_entries(layout, header.elements, header.format)) return;
  fail(entries_at, std::string(layout.entries) +
                       (layout.kept == nullptr ? " have as many entries as elements" : " have other entries"));
}

Payload::Header read_header(std::span<const std::byte> bytes) {
  require(bytes.size() >= Payload::header_bytes, bytes.size(), "ends within the header");
  require(read_at<std::uint32_t>(bytes, 0) == magic, 0, "the magic number is not SRUN");
  require(read_at<std::uint8_t>(bytes, version_at) == version, version_at, "the version is not 1");
  Payload::Header header{.kind = read_at<PayloadKind>(bytes, kind_at),
                         .index = read_at<IndexCoding>(bytes, index_at),
                         .elements = read_at<std::uint64_t>(bytes, elements_at),
                         .entries = read_at<std::uint64_t>(bytes, entries_at),
                         .bytes = read_at<std::uint64_t>(bytes, bytes_at),
                         .format = read_at<std::uint8_t>(bytes, format_at)};
  const std::uint64_t rest = header.bytes >> size_bits;
  header.format |= static_cast<Format>(rest >> 8 << 8 | (rest & 0xFFU) << own_format_bits);
  header.bytes &= (std::uint64_t{1} << size_bits) - 1;
  const LayoutEntry* layout = find_layout(header.kind);
  require(layout != nullptr && !layout->bare, kind_at, "not a kind that has a header");
  require(layout->knows == nullptr ? header.format == 0 : layout->knows(header.format), format_at,
          "not a format of this kind");
  if (layout->has_indices) {
    index_coding(header.index);  // or it throws
  } else if (header.index != IndexCoding::none) {
    fail(index_at, std::string(layout->entries) + " have no indices to code");
  }
  check_entries(*layout, header);
  require(header.bytes >= Payload::header_bytes, bytes_at, "the size is smaller than the header");
  require(header.bytes <= bytes.size(), bytes_at, "the size is larger than what was received");
  return header;
}

/// Bytes of coded indices at the start of `body`.
std::size_t check_indices(const Payload::Header& header, std::span<const std::byte> body) {
  std::size_t used = 0;
  index_coding(header.index).decode(body, header.elements, header.entries, used);
  return used;
}

Payload::Header read_checked(std::span<const std::byte> bytes) {
  const Payload::Header header = read_header(bytes);
  const LayoutEntry& layout = layout_of(header.kind);
  const auto body = bytes.first(header.bytes).subspan(Payload::header_bytes);
  const std::size_t used = layout.has_indices ? check_indices(header, body) : 0;
  const auto values = body.subspan(used);
  const std::size_t at = Payload::header_bytes + used;
  const std::uint64_t count = layout.has_indices ? header.entries : header.elements;
  require(values.size() == layout.size(count, header.format), layout.has_indices ? at : bytes_at,
          layout.has_indices ? "the bytes behind the indices do not fit the entries"
                             : "the size does not fit the elements");
  const auto flaw = layout.check != nullptr ? layout.check(values, count, header.format) : std::nullopt;
  if (flaw) fail(at + flaw->at, flaw->what);
  return header;
}

}  // namespace

Payload Payload::size_only(const Header& header) {
  Payload payload;
  payload.header_ = header;
  return payload;
}

Payload Payload::make(Header header, std::vector<std::byte> bytes) {
  header.bytes = bytes.size();
  if (!is_dense(header.kind)) write_header(header, bytes);
  bytes.reserve(1);  // contents that are empty are contents, too
  const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return size_only(header).moved_to({owner, owner->data()});
}

Payload Payload::moved_to(std::shared_ptr<const std::byte> place) const {
  Payload payload = *this;
  payload.bytes_ = std::move(place);
  return payload;
}

Payload Payload::parse(std::span<const std::byte> bytes) {
  const Header header = read_checked(bytes);
  const auto own = bytes.first(header.bytes);
  return make(header, {own.begin(), own.end()});
}

Payload Payload::parse(std::shared_ptr<const std::byte> bytes, std::size_t size) {
  return size_only(read_checked({bytes.get(), size})).moved_to(std::move(bytes));
}

Payload Payload::parse_dense(PayloadKind kind, std::uint64_t elements, std::span<const std::byte> bytes) {
  if (!is_dense(kind)) throw PayloadError("the kind of a dense payload is not dense");
  if (elements > most_elements) throw PayloadError("a dense payload of more than 2^32 elements");
  const Header header = full_header(kind, elements);
  if (bytes.size() != header.bytes) {
    throw PayloadError("a dense payload of " + std::to_string(elements) + " elements takes " +
                       std::to_string(header.bytes) + " bytes, not " + std::to_string(bytes.size()));
  }
  return make(header, {bytes.begin(), bytes.end()});
}

std::span<const std::byte> Payload::bytes() const {
  return {bytes_.get(), has_contents() ? header_.bytes : 0};
}

std::span<const std::byte> Payload::body() const {
  return is_dense(kind()) || !has_contents() ? bytes() : bytes().subspan(header_bytes);
}

bool operator==(const Payload& a, const Payload& b) {
  if (a.header_ != b.header_) return false;
  if (!a.has_contents() || !b.has_contents()) return a.has_contents() == b.has_contents();
  return a.bytes_ == b.bytes_ || std::ranges::equal(a.bytes(), b.bytes());
}

bool is_dense(PayloadKind kind) {
  const LayoutEntry* layout = find_layout(kind);
  return layout != nullptr && layout->bare;
}

}  // namespace simrun
