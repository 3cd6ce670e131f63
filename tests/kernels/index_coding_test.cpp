#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <set>

#include "kernels/index_coding.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Indices = std::vector<std::uint32_t>;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t most = Payload::most_elements;

Indices random_indices(std::uint64_t elements, std::size_t tries, std::mt19937& random) {
  std::set<std::uint32_t> chosen;
  for (std::size_t j = 0; j < tries; ++j) chosen.insert(static_cast<std::uint32_t>(random() % elements));
  return {chosen.begin(), chosen.end()};
}

/// Every index below `elements` with probability `density`, by the lengths of the gaps.
Indices uniform_support(std::uint64_t elements, double density, std::mt19937& random) {
  std::geometric_distribution<std::uint64_t> gap(density);
  Indices indices;
  for (std::uint64_t i = gap(random); i < elements; i += 1 + gap(random)) {
    indices.push_back(static_cast<std::uint32_t>(i));
  }
  return indices;
}

/// Runs of neighbours far apart.
Indices clusters(std::uint64_t elements, std::size_t count, std::size_t length) {
  Indices indices;
  for (std::size_t c = 0; c < count; ++c) {
    for (std::size_t j = 0; j < length; ++j) {
      indices.push_back(static_cast<std::uint32_t>(elements / count * c + j));
    }
  }
  return indices;
}

Indices all_below(std::size_t elements) {
  Indices indices(elements);
  std::iota(indices.begin(), indices.end(), 0U);
  return indices;
}

Bytes coded(const IndexCodingEntry& coding, const Indices& indices, std::uint64_t elements) {
  Bytes bytes;
  coding.encode(indices, elements, bytes);
  return bytes;
}

Indices decoded(IndexCoding coding, const Bytes& bytes, std::uint64_t elements, std::uint64_t entries) {
  std::size_t used = 0;
  return index_coding(coding).decode(bytes, elements, entries, used);
}

/// What was coded is appended, has the declared size, and is read back whatever follows.
void check_round_trip(const IndexCodingEntry& coding, const Indices& indices, std::uint64_t elements) {
  INFO(coding.name << ", N = " << elements << ", K = " << indices.size());
  Bytes bytes(3, std::byte{0x55});  // appended to, at any alignment
  coding.encode(indices, elements, bytes);
  const std::size_t size = bytes.size() - 3;
  CHECK(size % 4 == 0);
  if (const auto declared = coding.size(elements, indices.size())) CHECK(size == *declared);
  bytes.resize(bytes.size() + 7, std::byte{0xFF});
  std::size_t used = 0;
  CHECK(coding.decode(std::span(bytes).subspan(3), elements, indices.size(), used) == indices);
  CHECK(used == size);
}

/// What is decoded from bytes that were changed is coded as those very bytes.
void check_canonical(const IndexCodingEntry& coding, const Bytes& bytes, std::uint64_t elements,
                     std::uint64_t entries) {
  std::size_t used = 0;
  try {
    const Indices indices = coding.decode(bytes, elements, entries, used);
    REQUIRE(indices.size() == entries);
    REQUIRE(coded(coding, indices, elements) == Bytes(bytes.begin(), bytes.begin() + static_cast<int>(used)));
  } catch (const PayloadError&) {
    SUCCEED();
  }
}

}  // namespace

TEST_CASE("every index coding gives back what it was given, in the bytes that it declares") {
  std::mt19937 random(10);
  for (const IndexCodingEntry& coding : index_codings()) {
    for (const std::uint64_t elements : {1U, 31U, 32U, 33U, 1000U, 100'000U}) {
      for (const std::size_t tries :
           {std::size_t{0}, std::size_t{1}, std::size_t{elements / 3}, std::size_t{9 * elements}}) {
        check_round_trip(coding, random_indices(elements, tries, random), elements);
      }
    }
  }
}

TEST_CASE("every index coding takes blocks of all sizes, all of N, clusters, and the first and last index") {
  for (const IndexCodingEntry& coding : index_codings()) {
    for (const std::size_t count : {1U, 31U, 33U, 127U, 128U, 129U, 255U, 256U, 257U, 4096U}) {
      check_round_trip(coding, all_below(count), count);
      check_round_trip(coding, all_below(count), 10'000);
      check_round_trip(coding, clusters(1'000'000, count, 1), 1'000'000);
      check_round_trip(coding, clusters(1'000'000, count, 100), 1'000'000);
    }
    const Bytes dense = coded(coding, all_below(8), 8);  // with nothing behind, so that a read beyond would be seen
    CHECK(decoded(coding.coding, dense, 8, 8) == all_below(8));
    check_round_trip(coding, {}, 0);
    check_round_trip(coding, {0}, 70'000);
    check_round_trip(coding, {69'999}, 70'000);
    check_round_trip(coding, {0, 69'999}, 70'000);
  }
}

TEST_CASE("index codings reach to the last of 2^32 elements") {
  std::mt19937 random(11);
  for (const IndexCodingEntry& coding : index_codings()) {
    if (coding.coding == IndexCoding::bitmap) continue;  // 512 MB
    constexpr std::uint32_t last = 0xFFFFFFFF;
    check_round_trip(coding, {}, most);
    check_round_trip(coding, {0}, most);
    check_round_trip(coding, {last}, most);
    check_round_trip(coding, {0, last}, most);
    check_round_trip(coding, {0x7FFFFFFF, 0x80000000, last - 1, last}, most);
    check_round_trip(coding, clusters(most, 1000, 7), most);
    check_round_trip(coding, random_indices(most, 3001, random), most);
  }
}

TEST_CASE("coded indices with any byte changed are refused or are those of other indices") {
  std::mt19937 random(12);
  const std::vector<Indices> supports{random_indices(3000, 200, random), clusters(3000, 3, 50), all_below(140), {2999}};
  for (const IndexCodingEntry& coding : index_codings()) {
    for (const Indices& indices : supports) {
      const Bytes bytes = coded(coding, indices, 3000);
      for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const unsigned change : {0x01U, 0x02U, 0x04U, 0x08U, 0x10U, 0x20U, 0x40U, 0x80U, 0x03U, 0xFFU}) {
          Bytes changed = bytes;
          changed[at] ^= static_cast<std::byte>(change);
          check_canonical(coding, changed, 3000, indices.size());
        }
      }
      for (const std::uint64_t elements : {2999U, 3001U, 4000U}) {
        check_canonical(coding, bytes, elements, indices.size());
      }
      if (indices.size() > 1) check_canonical(coding, bytes, 3000, indices.size() - 1);
      check_canonical(coding, bytes, 3000, indices.size() + 1);
    }
  }
}

TEST_CASE("coded indices that end too early are refused") {
  std::mt19937 random(13);
  const Indices indices = random_indices(3000, 200, random);
  for (const IndexCodingEntry& coding : index_codings()) {
    const Bytes bytes = coded(coding, indices, 3000);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // In memory of its own, so that a read beyond the end would be seen.
      const Bytes part(bytes.begin(), bytes.begin() + static_cast<int>(size));
      CHECK_THROWS_AS(decoded(coding.coding, part, 3000, indices.size()), PayloadError);
    }
    CHECK_THROWS_AS(decoded(coding.coding, bytes, most, most), PayloadError);  // 16 GB of indices
  }
}

TEST_CASE("the index codings have the names that users write") {
  std::vector<std::string> names;
  for (const IndexCodingEntry& coding : index_codings()) {
    names.emplace_back(coding.name);
    CHECK(&index_coding(coding.coding) == &coding);
  }
  CHECK(names == std::vector<std::string>{"raw32", "bitmap", "delta", "elias-fano"});
  CHECK_THROWS_AS(index_coding(IndexCoding::none), PayloadError);
  CHECK_THROWS_AS(index_coding(static_cast<IndexCoding>(200)), PayloadError);
}

TEST_CASE("bits an index of a uniform random support") {
  // Elias-Fano: l + 1 + (N/2^l) / K with l = floor(log2(1/d)); at d = 0.001: 9 + 1 + 1000/512 = 11.95.
  // Delta: (32 + 8)/128 for base and width, and the expected width of a block. Of 127 gaps, each less one geometric
  // with P(>= x) = (1-d)^x, the largest needs at most w bits with probability (1 - (1-d)^(2^w))^127, so that the
  // expected width is the sum over w >= 0 of one minus that. The entry 0 of a block takes as much room as the others.
  struct Expected {
    double density;
    double elias_fano;
    double delta;
  };
  std::mt19937 random(14);
  for (const Expected& expected : {Expected{1e-4, 15.22, 16.47}, Expected{1e-3, 11.95, 13.23},
                                   Expected{1e-2, 8.56, 9.84}, Expected{0.05, 6.25, 7.47}}) {
    INFO("density " << expected.density);
    const std::uint64_t elements = 25'600'000;
    const Indices indices = uniform_support(elements, expected.density, random);
    const auto bits_an_index = [&](IndexCoding coding) {
      return 8.0 * static_cast<double>(coded(index_coding(coding), indices, elements).size()) /
             static_cast<double>(indices.size());
    };
    double width = 0;
    for (int w = 0; w < 32; ++w) width += 1 - std::pow(1 - std::pow(1 - expected.density, std::ldexp(1, w)), 127);
    CHECK(40.0 / 128 + width == Approx(expected.delta).margin(0.005));
    CHECK(bits_an_index(IndexCoding::delta) == Approx(40.0 / 128 + width).epsilon(0.01));
    CHECK(bits_an_index(IndexCoding::elias_fano) == Approx(expected.elias_fano).epsilon(0.01));
  }
}

TEST_CASE("a bitmap must have as many bits as entries, all below N") {
  const Bytes bits{std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{0}};
  CHECK(decoded(IndexCoding::bitmap, bits, 8, 2) == Indices{0, 7});
  CHECK_THROWS_AS(decoded(IndexCoding::bitmap, bits, 8, 1), PayloadError);
  CHECK_THROWS_AS(decoded(IndexCoding::bitmap, bits, 8, 3), PayloadError);
  CHECK_THROWS_AS(decoded(IndexCoding::bitmap, bits, 7, 2), PayloadError);
  CHECK_THROWS_AS(decoded(IndexCoding::bitmap, bits, 33, 2), PayloadError);
}

TEST_CASE("gaps must take as few bits as they can, and stay below N") {
  const auto decode = [](const std::vector<std::uint32_t>& words, std::uint64_t elements, std::uint64_t entries) {
    const auto bytes = std::as_bytes(std::span(words));
    return decoded(IndexCoding::delta, {bytes.begin(), bytes.end()}, elements, entries);
  };
  // Base 5, width 2, then 0, 3 and 1 in two bits each: 0b011100.
  CHECK(decode({5, 2, 0b011100}, 12, 3) == Indices{5, 9, 11});
  CHECK_THROWS_AS(decode({5, 2, 0b011100}, 11, 3), PayloadError);             // 11 is not below 11
  CHECK_THROWS_AS(decode({5, 2, 0b010100}, 12, 3), PayloadError);             // one bit would do
  CHECK_THROWS_AS(decode({5, 2, 0b011101}, 15, 3), PayloadError);             // the block opens with a gap
  CHECK_THROWS_AS(decode({5, 2, 0b1011100}, 15, 3), PayloadError);            // a bit behind the block
  CHECK_THROWS_AS(decode({5, 0x102, 0b011100}, 15, 3), PayloadError);         // a byte behind the widths
  CHECK_THROWS_AS(decode({5, 33, 0, 0xFFFFFFFF, 3}, most, 2), PayloadError);  // wider than an index
  CHECK_THROWS_AS(decode({1, 32, 0, 0xFFFFFFFE}, most, 2), PayloadError);     // 1 + 2^32 - 1 = 2^32
  CHECK(decode({0, 32, 0, 0xFFFFFFFE}, most, 2) == Indices{0, 0xFFFFFFFF});   // 0 + 2^32 - 1
  CHECK(decode({7, 135, 0}, 136, 129).back() == 135);                         // a run of 128, and one more
  CHECK_THROWS_AS(decode({7, 134, 0}, 136, 129), PayloadError);               // which is part of the run
}

TEST_CASE("Elias-Fano indices must ascend, stay below N, and be as many as entries") {
  const auto decode = [](std::uint32_t low, std::uint32_t high, std::uint64_t elements, std::uint64_t entries) {
    const std::array<std::uint32_t, 2> words{low, high};
    const auto bytes = std::as_bytes(std::span(words));
    return decoded(IndexCoding::elias_fano, {bytes.begin(), bytes.end()}, elements, entries);
  };
  // N = 12, K = 3: l = 2, three words of 4. 5, 9 and 11 have the low bits 01, 01 and 11, and the high parts 1, 2 and 2,
  // so bits 1 + 0, 2 + 1 and 2 + 2.
  CHECK(decode(0b110101, 0b11010, 12, 3) == Indices{5, 9, 11});
  CHECK_THROWS_AS(decode(0b110101, 0b11010, 11, 3), PayloadError);     // another l, other bits
  CHECK_THROWS_AS(decode(0b010101, 0b11010, 12, 3), PayloadError);     // 9 twice
  CHECK_THROWS_AS(decode(0b001101, 0b11010, 12, 3), PayloadError);     // 11, then 8
  CHECK_THROWS_AS(decode(0b110101, 0b101010, 12, 3), PayloadError);    // 15 is not below 12
  CHECK_THROWS_AS(decode(0b110101, 0b01010, 12, 3), PayloadError);     // two indices
  CHECK_THROWS_AS(decode(0b110101, 0b11011, 12, 3), PayloadError);     // four indices
  CHECK_THROWS_AS(decode(0b1110101, 0b11010, 12, 3), PayloadError);    // a bit behind the low bits
  CHECK_THROWS_AS(decode(0b110101, 0b10001010, 12, 3), PayloadError);  // a bit behind the high bits
}
