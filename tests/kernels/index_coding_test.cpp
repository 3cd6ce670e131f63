#include <catch2/catch.hpp>
#include <set>

#include "kernels/index_coding.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Indices = std::vector<std::uint32_t>;

Indices random_indices(std::uint64_t elements, std::size_t tries, std::mt19937& random) {
  std::set<std::uint32_t> chosen;
  for (std::size_t j = 0; j < tries; ++j) chosen.insert(static_cast<std::uint32_t>(random() % elements));
  return {chosen.begin(), chosen.end()};
}

}  // namespace

TEST_CASE("every index coding gives back what it was given, in the bytes that it declares") {
  std::mt19937 random(10);
  for (const IndexCodingEntry& coding : index_codings()) {
    for (const std::uint64_t elements : {1U, 31U, 32U, 33U, 1000U, 100'000U}) {
      for (const std::size_t tries :
           {std::size_t{0}, std::size_t{1}, std::size_t{elements / 3}, std::size_t{9 * elements}}) {
        const Indices indices = random_indices(elements, tries, random);
        INFO(coding.name << ", N = " << elements << ", K = " << indices.size());
        std::vector<std::byte> bytes(3, std::byte{0x55});  // appended to, at any alignment
        coding.encode(indices, elements, bytes);
        const std::size_t size = bytes.size() - 3;
        CHECK(size % 4 == 0);
        if (const auto declared = coding.size(elements, indices.size())) CHECK(size == *declared);
        bytes.resize(bytes.size() + 7, std::byte{0xFF});  // other things follow
        std::size_t used = 0;
        CHECK(coding.decode(std::span(bytes).subspan(3), elements, indices.size(), used) == indices);
        CHECK(used == size);
      }
    }
  }
}

TEST_CASE("the index codings have the names that users write") {
  std::vector<std::string> names;
  for (const IndexCodingEntry& coding : index_codings()) {
    names.emplace_back(coding.name);
    CHECK(&index_coding(coding.coding) == &coding);
  }
  CHECK(names == std::vector<std::string>{"raw32", "bitmap"});
  CHECK_THROWS_AS(index_coding(IndexCoding::none), PayloadError);
  CHECK_THROWS_AS(index_coding(static_cast<IndexCoding>(200)), PayloadError);
}

TEST_CASE("a bitmap must have as many bits as entries, all below N") {
  const auto decode = [](std::vector<std::byte> bytes, std::uint64_t elements, std::uint64_t entries) {
    std::size_t used = 0;
    return index_coding(IndexCoding::bitmap).decode(bytes, elements, entries, used);
  };
  const std::vector<std::byte> bits{std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{0}};
  CHECK(decode(bits, 8, 2) == Indices{0, 7});
  CHECK_THROWS_AS(decode(bits, 8, 1), PayloadError);
  CHECK_THROWS_AS(decode(bits, 8, 3), PayloadError);
  CHECK_THROWS_AS(decode(bits, 7, 2), PayloadError);
  CHECK_THROWS_AS(decode(bits, 33, 2), PayloadError);
}
