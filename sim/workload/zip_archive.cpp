#include "sim/workload/zip_archive.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "sim/workload/data_file.hpp"

namespace simrun {
namespace {

using Record = std::span<const std::byte>;

constexpr std::uint64_t in_zip64 = 0xFFFFFFFF;  // stands for a size or a place that the zip64 extra field has
constexpr const char* whole_archive = "a zip archive that is whole, as numpy.savez writes it";

std::uint64_t number_at(Record record, std::size_t at, std::size_t bytes) {
  return little_endian(record.subspan(at, bytes));
}

bool has_signature(Record record, std::string_view signature) {
  return record.size() >= signature.size() && std::memcmp(record.data(), signature.data(), signature.size()) == 0;
}

/// Where the central directory lies.
struct Directory {
  std::uint64_t begin;
  std::uint64_t size;
};

class ZipArchive {
 public:
  explicit ZipArchive(const DataFile& file) : file_(file) {}

  std::vector<ZipMember> members() const {
    const Directory directory = find_directory();
    constexpr std::uint64_t most = 64 << 20;
    if (directory.size > most) refuse("has a directory of " + std::to_string(directory.size) + " bytes");
    const std::vector<std::byte> bytes = read(directory.begin, directory.size);
    std::vector<ZipMember> found;
    std::set<std::string> names;
    for (Record rest = bytes; !rest.empty();) {
      constexpr std::size_t fixed = 46;
      if (rest.size() < fixed || !has_signature(rest, "PK\1\2")) refuse("has a directory that is damaged");
      const std::size_t name = number_at(rest, 28, 2), extra = number_at(rest, 30, 2), comment = number_at(rest, 32, 2);
      if (rest.size() < fixed + name + extra + comment) refuse("has a directory that is damaged");
      const auto* text = reinterpret_cast<const char*>(rest.data() + fixed);
      found.push_back(member({text, name}, rest.first(fixed), rest.subspan(fixed + name, extra)));
      if (!names.insert(found.back().name).second)
        file_.refuse(found.back().name, "is there twice", "a name of its own for every member");
      rest = rest.subspan(fixed + name + extra + comment);
    }
    return found;
  }

 private:
  [[noreturn]] void refuse(const std::string& wrong) const { file_.refuse("archive", wrong, whole_archive); }

  std::vector<std::byte> read(std::uint64_t at, std::uint64_t size) const {
    if (at > file_.size() || size > file_.size() - at) refuse("ends too early");
    std::vector<std::byte> bytes(size);
    file_.read(at, bytes);
    return bytes;
  }

  /// From the record at the end, before which only a comment of at most 64 KiB lies.
  Directory find_directory() const {
    constexpr std::uint64_t fixed = 22, longest_comment = 65535;
    const std::uint64_t size = std::min(file_.size(), fixed + longest_comment);
    const std::vector<std::byte> tail = read(file_.size() - size, size);
    for (std::size_t at = tail.size(); at-- > 0;) {
      const Record end = Record(tail).subspan(at);
      if (end.size() < fixed || !has_signature(end, "PK\5\6") || number_at(end, 20, 2) != end.size() - fixed) continue;
      if (const auto directory = zip64_directory(file_.size() - size + at)) return *directory;
      return {number_at(end, 16, 4), number_at(end, 12, 4)};
    }
    refuse("has no directory at its end");
  }

  /// The same from the zip64 record that a locator before `end` points to, if there is one.
  std::optional<Directory> zip64_directory(std::uint64_t end) const {
    constexpr std::uint64_t locator_size = 20, record_size = 56;
    if (end < locator_size) return std::nullopt;
    const std::vector<std::byte> locator = read(end - locator_size, locator_size);
    if (!has_signature(locator, std::string_view("PK\6\7"))) return std::nullopt;
    const std::vector<std::byte> record = read(number_at(locator, 8, 8), record_size);
    if (!has_signature(record, "PK\6\6")) refuse("has a zip64 record that is damaged");
    return Directory{number_at(record, 48, 8), number_at(record, 40, 8)};
  }

  ZipMember member(std::string name, Record entry, Record extra) const {
    const std::uint64_t flags = number_at(entry, 8, 2), method = number_at(entry, 10, 2);
    std::uint64_t stored = number_at(entry, 20, 4), size = number_at(entry, 24, 4), begin = number_at(entry, 42, 4);
    take_zip64(extra, {&size, &stored, &begin}, name);
    if ((flags & 1) != 0) file_.refuse(name, "is encrypted", "members without encryption");
    if (method != 0 && method != 8)
      file_.refuse(name, "is compressed by method " + std::to_string(method), "members that are stored or deflated");
    if (method == 0 && stored != size) refuse("has a directory that is damaged");
    constexpr std::uint64_t fixed = 30;
    const std::vector<std::byte> local = read(begin, fixed);
    if (!has_signature(local, "PK\3\4")) refuse("has a directory that is damaged");
    const std::uint64_t data = begin + fixed + number_at(local, 26, 2) + number_at(local, 28, 2);
    if (data > file_.size() || stored > file_.size() - data) refuse("ends too early");
    const auto crc = static_cast<std::uint32_t>(number_at(entry, 16, 4));
    if (method == 0) return {std::move(name), FileSection(data, size)};
    FileSection section = FileSection::deflated(data, stored, size, crc, name);
    return {std::move(name), std::move(section)};
  }

  /// Sets the values that stand in the zip64 extra field instead, in this order.
  void take_zip64(Record extra, std::array<std::uint64_t*, 3> values, const std::string& name) const {
    constexpr std::size_t header = 4;
    while (extra.size() >= header) {
      const std::uint64_t kind = number_at(extra, 0, 2), size = number_at(extra, 2, 2);
      if (size > extra.size() - header) break;
      Record field = extra.subspan(header, size);
      extra = extra.subspan(header + size);
      if (kind != 1) continue;
      for (std::uint64_t* value : values) {
        if (*value != in_zip64) continue;
        if (field.size() < 8) file_.refuse(name, "has a zip64 field that is too short", whole_archive);
        *value = number_at(field, 0, 8);
        field = field.subspan(8);
      }
      return;
    }
  }

  const DataFile& file_;
};

}  // namespace

std::vector<ZipMember> zip_members(const DataFile& file) {
  return ZipArchive(file).members();
}

bool is_zip_archive(const DataFile& file) {
  std::array<std::byte, 4> start{};
  if (file.size() < start.size()) return false;
  file.read(0, start);
  return has_signature(start, "PK\3\4") || has_signature(start, "PK\5\6");
}

}  // namespace simrun
