// Arrays in zip archives: stored, deflated, of more than 4 GB by their directory, and damaged.

#include "sim/workload/zip_archive.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <random>

#include "sim/text/error.hpp"
#include "sim/workload/data_file.hpp"
#include "tests/sim/deflated.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/workload/array_files.hpp"

namespace simrun {
namespace {

using Catch::Matchers::StartsWith;

template <class T>
std::string little(T value) {
  return bytes_of(std::vector<T>{value});
}

struct Member {
  std::string name;
  std::string data;
  std::uint16_t method = 0;  ///< 8: deflated
  std::uint16_t flags = 0;
};

/// A whole archive, its sizes and places in zip64 fields if asked for.
std::string zip(const std::vector<Member>& members, bool zip64 = false) {
  std::string file, directory;
  for (const Member& member : members) {
    const std::string stored = member.method == 8 ? deflated(member.data, 6, -15) : member.data;
    const auto crc = static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(member.data.data()), static_cast<uInt>(member.data.size())));
    const auto number = [&](std::uint64_t value) { return little(zip64 ? ~0U : static_cast<std::uint32_t>(value)); };
    const std::string extra = zip64 ? little<std::uint16_t>(1) + little<std::uint16_t>(24) +
                                          little<std::uint64_t>(member.data.size()) +
                                          little<std::uint64_t>(stored.size()) + little<std::uint64_t>(file.size())
                                    : "";
    const std::string common = little<std::uint16_t>(45) + little(member.flags) + little(member.method) +
                               little<std::uint32_t>(0) + little(crc) + number(stored.size()) +
                               number(member.data.size()) + little(static_cast<std::uint16_t>(member.name.size()));
    directory += "PK\1\2" + little<std::uint16_t>(45) + common + little(static_cast<std::uint16_t>(extra.size())) +
                 std::string(10, '\0') + number(file.size()) + member.name + extra;
    file += "PK\3\4" + common + little<std::uint16_t>(0) + member.name + stored;
  }
  const std::uint64_t begin = file.size();
  file += directory;
  if (zip64) {
    const std::uint64_t record = file.size();
    file += "PK\6\6" + std::string(36, '\0') + little<std::uint64_t>(directory.size()) + little(begin);
    file += "PK\6\7" + std::string(4, '\0') + little(record) + std::string(4, '\0');
  }
  return file + "PK\5\6" + std::string(8, '\0') + little(zip64 ? ~0U : static_cast<std::uint32_t>(directory.size())) +
         little(zip64 ? ~0U : static_cast<std::uint32_t>(begin)) + little<std::uint16_t>(0);
}

/// Data of which deflate makes many blocks, some of them stored, and which refer far back.
std::string mixed_data(std::size_t size) {
  std::mt19937 random(7);
  std::string data;
  while (data.size() < size) {
    if (random() % 3 == 0 && data.size() > 40000) {
      data += data.substr(data.size() - 32768 + random() % 1000, 2000);
    } else {
      const bool narrow = random() % 2 == 0;
      for (int i = 0; i < 5000; ++i) data += static_cast<char>(random() % (narrow ? 4 : 256));
    }
  }
  data.resize(size);
  return data;
}

std::string read_section(const DataFile& file, const FileSection& section, std::uint64_t at, std::size_t size) {
  std::string out(size, '\0');
  section.read(file, at, std::as_writable_bytes(std::span(out)));
  return out;
}

/// What is said of an archive when all of its members are read, without its name.
std::string complaint_of_archive(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.npz", bytes);
  try {
    const DataFile file(path);
    for (const ZipMember& member : zip_members(file)) read_section(file, member.data, 0, member.data.size());
  } catch (const InputError& error) {
    CHECK_THAT(error.what(), StartsWith(path + ": "));
    return std::string(error.what()).substr(path.size() + 2);
  }
  return "";
}

}  // namespace

TEST_CASE("members are read at any place, stored or deflated") {
  const TemporaryFolder folder;
  const bool zip64 = GENERATE(false, true);
  const std::string data = mixed_data(14'000'000);  // three points to begin at
  const DataFile file(
      folder.write("a.npz", zip({{"stored", data, 0}, {"deflated", data, 8}, {"empty", "", 8}}, zip64)));
  const auto members = zip_members(file);
  REQUIRE(members.size() == 3);
  CHECK(members[1].name == "deflated");
  CHECK(members[2].data.size() == 0);
  for (const ZipMember& member : {members[0], members[1]}) {
    CHECK(read_section(file, member.data, 0, data.size()) == data);
    for (const std::uint64_t at : {1U, 4'194'304U, 4'194'303U, 7'000'001U, 8'500'000U, 13'999'990U}) {
      const std::size_t size = std::min<std::size_t>(100'000, data.size() - at);
      CHECK(read_section(file, member.data, at, size) == data.substr(at, size));
      CHECK(read_section(file, member.data.from(at), 0, size) == data.substr(at, size));
    }
  }
}

TEST_CASE("archives that are damaged or made otherwise are refused") {
  const std::string data = mixed_data(100'000);
  const std::string good = zip({{"a.npy", data, 8}});
  CHECK(complaint_of_archive(good).empty());
  CHECK(complaint_of_archive(good + "PK\5\6").starts_with("archive: has no directory at its end; accepted: "));
  CHECK(complaint_of_archive("PK\3\4").starts_with("archive: has no directory at its end; "));
  std::string changed = good;
  changed[20'000] = static_cast<char>(changed[20'000] ^ 1);
  CHECK(complaint_of_archive(changed).starts_with("a.npy: "));
  const std::size_t entry = good.find("PK\1\2");
  const auto with = [&](std::size_t at, char value) {
    std::string other = good;
    other[entry + at] = value;
    return complaint_of_archive(other);
  };
  CHECK(with(2, 3).starts_with("archive: has a directory that is damaged; "));
  CHECK(with(10, 12) == "a.npy: is compressed by method 12; accepted: members that are stored or deflated");
  CHECK(with(8, 1) == "a.npy: is encrypted; accepted: members without encryption");
  CHECK(with(16, 1).starts_with("a.npy: is damaged: another checksum than the archive says; "));
  CHECK(with(24, '\xff').starts_with("a.npy: "));  // inflates to less
  CHECK(with(26, 0).starts_with("a.npy: inflates to more than 34464 bytes; "));
  CHECK(with(45, 1).starts_with("archive: ends too early; "));
  CHECK(with(29, 1).starts_with("archive: has a directory that is damaged; "));
  CHECK(complaint_of_archive(zip({{"a.npy", data}, {"a.npy", data}})).starts_with("a.npy: is there twice; "));
}

}  // namespace simrun
