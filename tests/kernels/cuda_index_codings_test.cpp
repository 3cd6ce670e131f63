#include <cstring>
#include <numeric>
#include <set>

#include "kernels/cuda/bitmap.hpp"
#include "kernels/cuda/delta.hpp"
#include "kernels/cuda/elias_fano.hpp"
#include "kernels/index_coding.hpp"
#include "tests/kernels/machines.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;
using namespace simrun::cuda;

namespace {

/// Most words of at most that many coded indices. Fewer indices take no more bits, but either part is rounded up.
std::uint64_t most_elias_fano_words(std::uint64_t elements, std::uint64_t most_entries) {
  return EliasFanoShape::of(elements, most_entries).words() + 1;
}

using Indices = std::vector<std::uint32_t>;
using Words = std::vector<std::uint32_t>;

constexpr std::uint64_t most = std::uint64_t{1} << 32;

struct Case {
  std::uint64_t elements;
  Indices indices;
};

Indices random_indices(std::uint64_t elements, double density, unsigned seed) {
  std::mt19937 random(seed);
  std::geometric_distribution<std::uint64_t> gap(density);
  Indices indices;
  for (std::uint64_t i = gap(random); i < elements; i += 1 + gap(random)) {
    indices.push_back(static_cast<std::uint32_t>(i));
  }
  return indices;
}

Indices consecutive(std::uint64_t first, std::size_t count) {
  Indices indices(count);
  std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first));
  return indices;
}

/// Lists of few and many indices, close together and far apart, up to the last of 2^32 elements. None is of more than
/// `elements` elements.
std::vector<Case> cases(std::uint64_t most_elements) {
  std::vector<Case> all{{1, {}},
                        {1, {0}},
                        {33, {32}},
                        {33, consecutive(0, 33)},
                        {1000, {}},
                        {64, {}},
                        {1000, {0, 999}},
                        {257, {0, 256}},
                        {most, {0xFFFFFFFF}},
                        {most, {0}},
                        {most, {0, 0xFFFFFFFF}},
                        {most, {5, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE}}};
  for (const std::size_t count : {127U, 128U, 129U, 255U, 256U, 513U}) {
    all.push_back({10'000, consecutive(3, count)});
    all.push_back({count, consecutive(0, count)});
    all.push_back({count + 1, consecutive(1, count)});
  }
  all.push_back({200'000, consecutive(0, 200'000)});
  all.push_back({200'000, consecutive(65'536, 100'001)});
  all.push_back({most, consecutive(most - 3000, 3000)});
  for (const double density : {0.9, 0.5, 0.1, 0.01, 0.001}) {
    for (const std::uint64_t elements : {100U, 4095U, 65'537U, 300'001U}) {
      all.push_back({elements, random_indices(elements, density, static_cast<unsigned>(elements))});
    }
  }
  all.push_back({3'000'000, random_indices(3'000'000, 0.001, 7)});
  all.push_back({2'000'000, random_indices(2'000'000, 0.5, 7)});
  all.push_back({most, random_indices(most, 1e-6, 7)});
  std::erase_if(all, [=](const Case& one) { return one.elements > most_elements; });
  return all;
}

/// What the processor codes.
Words coded(IndexCoding coding, const Case& one) {
  std::vector<std::byte> bytes;
  index_coding(coding).encode(one.indices, one.elements, bytes);
  Words words(bytes.size() / 4);
  if (!words.empty()) std::memcpy(words.data(), bytes.data(), bytes.size());
  return words;
}

/// Calls test(entries) with both ways of saying how many there are.
template <class Test>
void with_entries(const Indices& indices, const Test& test) {
  const std::uint64_t count = indices.size();
  test(Entries{count});
  test(Entries{count + 1000, &count});
}

Words encode_bitmap(HostMachine& machine, const Case& one, Entries entries) {
  const auto indices = uploaded(one.indices);
  HostMachine::Buffer<std::uint32_t> words(words_of(one.elements));
  launch_bitmap_encode(machine, indices.data(), entries, one.elements, words.data());
  return downloaded(words);
}

/// Coded words, and room that was left.
Words first_of(const HostMachine::Buffer<std::uint32_t>& words, std::uint64_t count) {
  REQUIRE(count <= words.size());
  return {words.data(), words.data() + count};
}

Words encode_delta(HostMachine& machine, const Case& one, Entries entries) {
  const auto indices = uploaded(one.indices);
  const auto workspace = workspace_of([](Carver& carver) { return DeltaWorkspace::carve(carver); });
  HostMachine::Buffer<std::uint32_t> words(most_delta_words(entries.most));
  std::uint64_t size = 77;
  launch_delta_encode(machine, indices.data(), entries, workspace.layout(), words.data(), &size);
  return first_of(words, size);
}

Words encode_elias_fano(HostMachine& machine, const Case& one, Entries entries) {
  const auto indices = uploaded(one.indices);
  HostMachine::Buffer<std::uint32_t> words(most_elias_fano_words(one.elements, entries.most));
  std::uint64_t size = 77;
  launch_elias_fano_encode(machine, indices.data(), entries, one.elements, words.data(), &size);
  return first_of(words, size);
}

Indices decode_bitmap(HostMachine& machine, const Words& words, const Case& one) {
  const auto workspace = workspace_of([](Carver& carver) { return BitmapWorkspace::carve(carver); });
  const auto on_device = uploaded(words);
  HostMachine::Buffer<std::uint32_t> indices(one.indices.size());
  launch_bitmap_decode(machine, on_device.data(), one.elements, workspace.layout(), indices.data());
  return downloaded(indices);
}

Indices decode_delta(HostMachine& machine, const Words& words, const Case& one) {
  const auto workspace = workspace_of([](Carver& carver) { return DeltaWorkspace::carve(carver); });
  const auto on_device = uploaded(words);
  HostMachine::Buffer<std::uint32_t> indices(one.indices.size());
  launch_delta_decode(machine, on_device.data(), one.indices.size(), workspace.layout(), indices.data());
  return downloaded(indices);
}

Indices decode_elias_fano(HostMachine& machine, const Words& words, const Case& one) {
  const auto workspace = workspace_of([](Carver& carver) { return EliasFanoWorkspace::carve(carver); });
  const auto on_device = uploaded(words);
  HostMachine::Buffer<std::uint32_t> indices(one.indices.size());
  launch_elias_fano_decode(machine, on_device.data(), one.elements, one.indices.size(), workspace.layout(),
                           indices.data());
  return downloaded(indices);
}

/// Both directions against the processor.
template <class Encode, class Decode>
void check(IndexCoding coding, std::uint64_t most_elements, const Encode& encode, const Decode& decode) {
  const std::vector<Case> all = cases(most_elements);
  on_machines([&](HostMachine& machine) {
    for (const Case& one : all) {
      INFO("N = " << one.elements << ", K = " << one.indices.size());
      const Words expected = coded(coding, one);
      with_entries(one.indices, [&](Entries entries) { REQUIRE(encode(machine, one, entries) == expected); });
      REQUIRE(decode(machine, expected, one) == one.indices);
    }
  });
}

}  // namespace

TEST_CASE("bitmaps made on blocks are those of the processor, both ways", "[cuda]") {
  check(IndexCoding::bitmap, 10'000'000, encode_bitmap, decode_bitmap);
}

TEST_CASE("indices coded as delta on blocks are those of the processor, both ways", "[cuda]") {
  check(IndexCoding::delta, most, encode_delta, decode_delta);
}

TEST_CASE("indices coded as elias-fano on blocks are those of the processor, both ways", "[cuda]") {
  check(IndexCoding::elias_fano, most, encode_elias_fano, decode_elias_fano);
}

TEST_CASE("every list of few elements is coded on blocks as on the processor", "[cuda]") {
  HostMachine machine(1, 3);
  for (std::uint64_t elements = 1; elements <= 7; ++elements) {
    for (std::uint32_t present = 0; present < 1U << elements; ++present) {
      Case one{elements, {}};
      for (std::uint32_t i = 0; i < elements; ++i) {
        if ((present >> i & 1U) != 0) one.indices.push_back(i);
      }
      const Entries entries{one.indices.size()};
      REQUIRE(encode_bitmap(machine, one, entries) == coded(IndexCoding::bitmap, one));
      REQUIRE(encode_delta(machine, one, entries) == coded(IndexCoding::delta, one));
      REQUIRE(encode_elias_fano(machine, one, entries) == coded(IndexCoding::elias_fano, one));
      REQUIRE(decode_elias_fano(machine, coded(IndexCoding::elias_fano, one), one) == one.indices);
    }
  }
}

TEST_CASE("a gap of any number of bits is coded on blocks as on the processor", "[cuda]") {
  HostMachine machine(1, 4);
  for (unsigned width = 0; width <= 32; ++width) {
    // The second gap takes `width` bits, the first few; 200 indices that take less follow where there is room.
    const std::uint64_t gap = width == 0 ? 0 : (std::uint64_t{1} << width) - 1;
    Case one{most, {0}};
    for (std::uint64_t index = 1 + gap; index < most && one.indices.size() < 200; index += 1 + gap % 3) {
      one.indices.push_back(static_cast<std::uint32_t>(index));
    }
    INFO(width << " bits, " << one.indices.size() << " indices");
    const Words expected = coded(IndexCoding::delta, one);
    REQUIRE(encode_delta(machine, one, {one.indices.size()}) == expected);
    REQUIRE(decode_delta(machine, expected, one) == one.indices);
  }
}

TEST_CASE("room for the most words of elias-fano is room for fewer indices too", "[cuda]") {
  for (std::uint64_t elements = 1; elements <= 300; ++elements) {
    for (std::uint64_t bound = 0; bound <= elements; ++bound) {
      for (std::uint64_t entries = 0; entries <= bound; ++entries) {
        const std::uint64_t words = EliasFanoShape::of(elements, entries).words();
        if (words > most_elias_fano_words(elements, bound)) FAIL(elements << ", " << bound << ", " << entries);
        if (words * 4 != index_coding(IndexCoding::elias_fano).size(elements, entries)) FAIL("size " << entries);
      }
    }
  }
}
