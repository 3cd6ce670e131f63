#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "kernels/index_coding.hpp"
#include "kernels/layout.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

std::vector<std::byte> bytes_of(const std::string& hex) {
  std::istringstream in(hex);
  std::vector<std::byte> bytes;
  for (unsigned value; in >> std::hex >> value;) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::string hex_of(std::span<const std::byte> bytes) {
  std::string hex;
  for (const std::byte value : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof digits, "%02X ", std::to_integer<unsigned>(value));
    hex += digits;
  }
  if (!hex.empty()) hex.pop_back();
  return hex;
}

/// 0.5 -3 0 2 -1, of which the two largest are -3 at 1 and 2 at 3.
const std::vector<float> gradient{0.5F, -3, 0, 2, -1};

Payload encoded(const char* codec, CodecOptions options = {}) {
  return find_codec(codec)->make(options, make_cpu_primitives(1))->encode(gradient, 2, {});
}

/// A header with the given counts, and `body` zero bytes behind it.
std::vector<std::byte> with_header(PayloadKind kind, IndexCoding index, std::uint64_t elements, std::uint64_t entries,
                                   std::uint64_t size, std::size_t body) {
  const Payload payload = Payload::make({.kind = kind, .index = index, .elements = elements, .entries = entries},
                                        std::vector<std::byte>(Payload::header_bytes + body));
  std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
  std::memcpy(bytes.data() + 24, &size, sizeof size);
  return bytes;
}

/// What parses is consistent: it survives another round and can be cut and joined.
void check_is_payload(const Payload& payload) {
  REQUIRE(Payload::parse(payload.bytes()) == payload);
  if (payload.elements() > 1000) return;
  const std::uint64_t middle = payload.elements() / 64 * 32;
  REQUIRE(join(std::vector{cut(payload, 0, middle), cut(payload, middle, payload.elements())}) == payload);
}

void check_any_bytes(std::span<const std::byte> bytes) {
  try {
    check_is_payload(Payload::parse(bytes));
  } catch (const PayloadError&) {
    SUCCEED();
  }
}

}  // namespace

// The 32 bytes of a header: "SRUN", version, kind, index coding, 0; then N, K and the size, 8 bytes each, lowest first.

TEST_CASE("golden bytes of pairs with plain indices") {
  // kind 2, coding 1, N = 5, K = 2, 32 + 2 x 4 + 2 x 4 = 48 = 0x30 bytes; indices 1 and 3; -3 = -1.5 x 2^1, so sign 1,
  // exponent 128, mantissa 0x400000: 0xC0400000; 2 = 1 x 2^1: 0x40000000.
  CHECK(hex_of(encoded("top-k").bytes()) ==
        "53 52 55 4E 01 02 01 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 30 00 00 00 00 00 00 00 "
        "01 00 00 00 03 00 00 00 00 00 40 C0 00 00 00 40");
}

TEST_CASE("golden bytes of pairs with a bitmap") {
  // coding 2, 32 + 4 + 2 x 4 = 44 = 0x2C bytes; bits 1 and 3 of one word: 0x0A.
  CHECK(hex_of(encoded("gtop-k", {.index = IndexCoding::bitmap}).bytes()) ==
        "53 52 55 4E 01 02 02 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 2C 00 00 00 00 00 00 00 "
        "0A 00 00 00 00 00 40 C0 00 00 00 40");
}

TEST_CASE("golden bytes of pairs with gaps") {
  // coding 3, 32 + 3 x 4 + 2 x 4 = 52 = 0x34 bytes. One block: base 1; width 1 and three bytes of padding; the values 0
  // and 3 - 1 - 1 = 1, 1 bit each: 0b10.
  CHECK(hex_of(encoded("top-k", {.index = IndexCoding::delta}).bytes()) ==
        "53 52 55 4E 01 02 03 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 34 00 00 00 00 00 00 00 "
        "01 00 00 00 01 00 00 00 02 00 00 00 00 00 40 C0 00 00 00 40");
}

TEST_CASE("golden bytes of pairs with Elias-Fano indices") {
  // coding 4, 32 + 2 x 4 + 2 x 4 = 48 = 0x30 bytes. l = floor(log2(5/2)) = 1: the low bits of 1 and 3 are 1 and 1,
  // 0b11; the high parts are 0 and 1, so bits 0 + 0 and 1 + 1 of the second word: 0b101.
  CHECK(hex_of(encoded("top-k", {.index = IndexCoding::elias_fano}).bytes()) ==
        "53 52 55 4E 01 02 04 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 30 00 00 00 00 00 00 00 "
        "03 00 00 00 05 00 00 00 00 00 40 C0 00 00 00 40");
}

TEST_CASE("golden bytes of signs") {
  // kind 3, no coding, N = K = 5, 32 + 4 = 36 = 0x24 bytes; elements 1 and 4 are negative: 0b10010 = 0x12.
  CHECK(hex_of(encoded("signs").bytes()) ==
        "53 52 55 4E 01 03 00 00 05 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 24 00 00 00 00 00 00 00 "
        "12 00 00 00");
}

TEST_CASE("golden bytes of sparse signs") {
  // kind 4, coding 1, N = 5, K = 2, 32 + 2 x 4 + 1 = 41 = 0x29 bytes; indices 1 and 3; the first is negative: 0b01.
  CHECK(hex_of(encoded("sparse-signs").bytes()) ==
        "53 52 55 4E 01 04 01 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 29 00 00 00 00 00 00 00 "
        "01 00 00 00 03 00 00 00 01");
}

TEST_CASE("golden bytes of indices") {
  // kind 6, coding 1, N = 5, K = 2, 32 + 2 x 4 = 40 = 0x28 bytes; indices 1 and 3.
  CHECK(hex_of(encoded("leader-indices").bytes()) ==
        "53 52 55 4E 01 06 01 00 05 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 28 00 00 00 00 00 00 00 "
        "01 00 00 00 03 00 00 00");
}

TEST_CASE("golden bytes of dense values") {
  // fp32: 0.5 = 2^-1, exponent 126: 0x3F000000; -3: 0xC0400000; 0; 2: 0x40000000; -1, exponent 127: 0xBF800000.
  CHECK(hex_of(encoded("dense").bytes()) == "00 00 00 3F 00 00 40 C0 00 00 00 00 00 00 00 40 00 00 80 BF");
  // fp16, exponents biased by 15 and 10 bits of mantissa: 0.5: 14 x 2^10 = 0x3800; -3: 0x8000 + 16 x 2^10 + 0x200 =
  // 0xC200; 0; 2: 0x4000; -1: 0x8000 + 15 x 2^10 = 0xBC00.
  CHECK(hex_of(encoded("dense", {.precision = Precision::fp16}).bytes()) == "00 38 00 C2 00 00 00 40 00 BC");
}

TEST_CASE("golden bytes of chunked pairs") {
  // kind 10, no coding, chunks of 2^5 that keep 2: format 5 + 16 x (2 - 1) = 0x15; N = 37, K = 2 + 2; 32 + 4 x 5 bits
  // in a word + 4 x 4 = 52 = 0x34 bytes. Places 1 and 3 of the first chunk, 0 and 4 of the second: 1 + 3 x 2^5 + 4 x
  // 2^15 = 0x20061. The values -3, 2, 1 (exponent 127: 0x3F800000) and -1.
  std::vector<float> x(37);
  std::copy(gradient.begin(), gradient.end(), x.begin());
  x[32] = 1;
  x[36] = -1;
  const CodecOptions options{.chunking = {32, 2}};
  const Payload payload = find_codec("chunked-top-k")->make(options, make_cpu_primitives(1))->encode(x, 0, {});
  CHECK(hex_of(payload.bytes()) ==
        "53 52 55 4E 01 0A 00 15 25 00 00 00 00 00 00 00 04 00 00 00 00 00 00 00 34 00 00 00 00 00 00 00 "
        "61 00 02 00 00 00 40 C0 00 00 00 40 00 00 80 3F 00 00 80 BF");
}

TEST_CASE("golden bytes of a sketch") {
  // kind 11, 547 = 0x223 columns of 4096, N = 5, K = 1, 0x30 bytes; elements 1 and 3: 0b01010; 3 + 2, 3 + 2 and 3 - 2.
  CHECK(hex_of(encoded("sketched-pairs", {.counters = 1}).bytes()) ==
        "53 52 55 4E 01 0B 00 23 05 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 30 00 00 00 00 00 00 02 "
        "0A 00 00 00 00 00 A0 40 00 00 A0 40 00 00 80 3F");
}

TEST_CASE("a payload with any byte changed is refused or is another valid payload") {
  std::vector<Payload> payloads{encoded("signs"), encoded("chunked-top-k", {.chunking = {32, 2}}),
                                encoded("sketched-pairs", {.counters = 1})};
  for (const IndexCodingEntry& index : index_codings()) {
    payloads.push_back(encoded("top-k", {.index = index.coding}));
    payloads.push_back(encoded("sparse-signs", {.index = index.coding}));
    payloads.push_back(encoded("leader-indices", {.index = index.coding}));
    // More than one block of 128, and gaps of several widths.
    std::vector<std::uint32_t> indices{7};
    for (std::uint32_t j = 1; j < 150; ++j) indices.push_back(indices.back() + 1 + j * j % 23);
    const std::vector<std::byte> signs(19);
    payloads.push_back(make_sparse_signs(index.coding, 2000, {indices, signs}));
  }
  for (const Payload& payload : payloads) {
    for (std::size_t at = 0; at < payload.size(); ++at) {
      for (unsigned change = 1; change < 256; ++change) {
        std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
        bytes[at] ^= static_cast<std::byte>(change);
        check_any_bytes(bytes);
      }
    }
  }
}

TEST_CASE("a payload that ends too early is refused, one that is followed by more is not") {
  for (const char* codec : {"top-k", "signs", "sparse-signs", "leader-indices"}) {
    const Payload payload = encoded(codec);
    for (std::size_t size = 0; size < payload.size(); ++size) {
      // In memory of its own, so that a read beyond the end would be seen.
      const std::vector<std::byte> part(payload.bytes().begin(), payload.bytes().begin() + static_cast<int>(size));
      CHECK_THROWS_AS(Payload::parse(part), PayloadError);
    }
    std::vector<std::byte> more(payload.bytes().begin(), payload.bytes().end());
    more.resize(more.size() + 5, std::byte{0xFF});
    CHECK(Payload::parse(more) == payload);
  }
}

TEST_CASE("random bytes behind the right magic number are no trouble") {
  std::mt19937 random(9);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = bytes_of("53 52 55 4E 01");
    bytes.push_back(static_cast<std::byte>(random() % 8));
    bytes.push_back(static_cast<std::byte>(random() % 6));
    bytes.resize(8);
    for (int field = 0; field < 3; ++field) {
      bytes.push_back(static_cast<std::byte>(random() % 64));
      bytes.resize(bytes.size() + 7);
    }
    for (auto rest = random() % 40; rest > 0; --rest) bytes.push_back(static_cast<std::byte>(random() % 3));
    check_any_bytes(bytes);
  }
}

TEST_CASE("counts that overflow or ask for huge memory are refused") {
  constexpr std::uint64_t huge = std::uint64_t{1} << 32;
  const auto refused = [](const std::vector<std::byte>& bytes) {
    CHECK_THROWS_AS(Payload::parse(bytes), PayloadError);
  };
  for (const PayloadKind kind : {PayloadKind::pairs, PayloadKind::sparse_signs}) {
    for (const IndexCodingEntry& entry : index_codings()) {
      const IndexCoding index = entry.coding;
      refused(with_header(kind, index, huge, huge, 32 + 64, 64));        // far more entries than bytes
      refused(with_header(kind, index, huge + 1, 0, 32, 0));             // too many elements
      refused(with_header(kind, index, 5, 6, 32 + 64, 64));              // more entries than elements
      refused(with_header(kind, index, ~0ULL, ~0ULL, ~0ULL, 64));        // everything at its largest
      refused(with_header(kind, index, huge, 1ULL << 62, 32 + 64, 64));  // 4 K overflows
      refused(with_header(kind, index, 5, 1, 31, 64));                   // smaller than the header
    }
    refused(with_header(kind, IndexCoding::none, 5, 0, 32, 0));
    refused(with_header(kind, IndexCoding::bitmap, huge, 0, 32 + 64, 64));  // a bitmap takes 512 MB
    CHECK(Payload::parse(with_header(kind, IndexCoding::raw32, huge, 0, 32, 0)).entries() == 0);
  }
  refused(with_header(PayloadKind::signs, IndexCoding::none, huge, huge, 32 + 64, 64));
  refused(with_header(PayloadKind::signs, IndexCoding::none, 64, 63, 32 + 8, 8));
  refused(with_header(PayloadKind::signs, IndexCoding::raw32, 64, 64, 32 + 8, 8));
  refused(with_header(PayloadKind::signs, IndexCoding::none, ~0ULL, ~0ULL, ~0ULL, 8));
  refused(with_header(PayloadKind::scaled_signs, IndexCoding::none, huge, huge, 32 + 64, 64));
  refused(with_header(PayloadKind::scaled_signs, IndexCoding::none, 64, 63, 32 + 12, 12));
  refused(with_header(PayloadKind::scaled_signs, IndexCoding::none, 0, 0, 32, 0));  // no scale
  refused(with_header(PayloadKind::scaled_signs, IndexCoding::bitmap, 64, 64, 32 + 12, 12));
  CHECK_THROWS_AS(Payload::parse_dense(PayloadKind::dense32, 1ULL << 62, {}), PayloadError);  // 4 N overflows to 0
  CHECK_THROWS_AS(Payload::parse_dense(PayloadKind::dense16, 3, bytes_of("00 00 00 00")), PayloadError);
  CHECK_THROWS_AS(Payload::parse_dense(PayloadKind::signs, 0, {}), PayloadError);
}

TEST_CASE("golden bytes of scaled signs") {
  // kind 5, no coding, N = K = 5, 32 + 4 + 4 = 40 = 0x28 bytes; (0.5 + 3 + 0 + 2 + 1) / 5 = 1.3 = 0x3FA66666; bits
  // 1, 4.
  CHECK(hex_of(encoded("scaled-signs").bytes()) ==
        "53 52 55 4E 01 05 00 00 05 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 28 00 00 00 00 00 00 00 "
        "66 66 A6 3F 12 00 00 00");
}

TEST_CASE("a scale that is not finite or has a sign is refused") {
  const auto with_scale = [](std::uint32_t bits) {
    std::vector<std::byte> bytes = bytes_of(hex_of(encoded("scaled-signs").bytes()));
    std::memcpy(bytes.data() + 32, &bits, sizeof bits);
    return bytes;
  };
  CHECK(Payload::parse(with_scale(0)).entries() == 5);
  CHECK(Payload::parse(with_scale(0x7F7FFFFF)).entries() == 5);  // the largest number
  for (const std::uint32_t bits : {0x7F800000U, 0x7FC00000U, 0x7F800001U, 0x80000000U, 0xBF800000U, 0xFF800000U})
    CHECK_THROWS_AS(Payload::parse(with_scale(bits)), PayloadError);
}

TEST_CASE("padding bits that are set are refused") {
  const auto refused_with = [](const char* codec, std::size_t at, unsigned bit) {
    const Payload payload = encoded(codec);
    std::vector<std::byte> bytes(payload.bytes().begin(), payload.bytes().end());
    bytes[at] |= std::byte{1} << static_cast<int>(bit);
    CHECK_THROWS_AS(Payload::parse(bytes), PayloadError);
  };
  refused_with("signs", 32, 5);  // element 5 of 5
  refused_with("signs", 35, 7);  // the last bit of the word
  refused_with("scaled-signs", 36, 5);
  refused_with("sparse-signs", 40, 2);  // entry 2 of 2
}

TEST_CASE("indices that are not ascending, not distinct or out of range are refused") {
  const auto with_indices = [](unsigned first, unsigned second) {
    std::vector<std::byte> bytes = bytes_of(hex_of(encoded("top-k").bytes()));
    bytes[32] = static_cast<std::byte>(first);
    bytes[36] = static_cast<std::byte>(second);
    return bytes;
  };
  CHECK(Payload::parse(with_indices(0, 4)).entries() == 2);
  CHECK_THROWS_AS(Payload::parse(with_indices(3, 1)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with_indices(3, 3)), PayloadError);
  CHECK_THROWS_AS(Payload::parse(with_indices(3, 5)), PayloadError);
}

TEST_CASE("a payload can be made without contents") {
  const Payload payload = encoded("top-k");
  const Payload size = payload.without_contents();
  CHECK_FALSE(size.has_contents());
  CHECK(size.size() == 48);
  CHECK(size.bytes().empty());
  CHECK(size.body().empty());
  CHECK(size.header() == payload.header());
  CHECK_FALSE(size == payload);
  CHECK_FALSE(size == encoded("signs"));
  CHECK(payload.body().size() == 16);
  CHECK(Payload().size() == 0);
}

TEST_CASE("payloads with equal headers and other contents differ") {
  const auto codec = find_codec("dense")->make({}, make_cpu_primitives(1));
  CHECK_FALSE(codec->encode(std::vector<float>{1, 2}, 1, {}) == codec->encode(std::vector<float>{1, 3}, 1, {}));
}
