// Bins of magnitudes, the largest of pairs, and sums of pairs that keep all entries.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "kernels/layout.hpp"
#include "kernels/magnitude_bins.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

Payload pairs_of(const std::vector<float>& x, IndexCoding coding = IndexCoding::raw32) {
  Pairs all;
  for (std::uint32_t i = 0; i < x.size(); ++i) {
    if (x[i] == 0) continue;
    all.indices.push_back(i);
    all.values.push_back(x[i]);
  }
  return make_pairs(coding, x.size(), {all.indices, all.values});
}

}  // namespace

TEST_CASE("bins of magnitudes: an eighth of an octave each, the first and the last without an end") {
  const MagnitudeBins bins(1.0F);
  CHECK(bins.of(1.0F) == 16);
  CHECK(bins.of(-1.0F) == 16);
  CHECK(bins.of(1.1249F) == 16);
  CHECK(bins.of(1.125F) == 17);
  CHECK(bins.of(1.99F) == 23);
  CHECK(bins.of(2.0F) == 24);
  CHECK(bins.of(0.99F) == 15);
  CHECK(bins.of(0.25F) == 0);
  for (const float small : {0.2499F, 1e-44F, 0.0F, -0.0F}) CHECK(bins.of(small) == 0);
  CHECK(bins.of(15'359.0F) == 126);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float large : {15'360.0F, 1e38F, infinity, std::numeric_limits<float>::quiet_NaN()})
    CHECK(bins.of(large) == 127);
  for (const float middle : {0.0F, 1e-40F, 3e38F, infinity}) {
    CHECK(MagnitudeBins(middle).of(middle) == 16);
    CHECK(MagnitudeBins(middle).of(middle / 4) <= 16);
  }
}

TEST_CASE("bins of magnitudes: a larger magnitude is in no lower bin, and all entries are counted") {
  std::vector<float> x = normal_values(3000);
  for (float& value : x) value = value * value * value;
  const MagnitudeBins bins(0.3F);
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (std::abs(x[i]) <= std::abs(x[i - 1])) REQUIRE(bins.of(x[i]) <= bins.of(x[i - 1]));
  }
  const std::vector<std::uint32_t> counts = bins.counts(pairs_of(x, IndexCoding::delta));
  std::vector<std::uint32_t> expected(MagnitudeBins::count);
  for (const float value : x) ++expected[bins.of(value)];
  CHECK(counts == expected);
}

TEST_CASE("bins of magnitudes: the bin that reaches a number of entries") {
  const std::vector<float> counts = {5, 0, 4, 3};
  CHECK(MagnitudeBins::reaching(counts, 1) == 3);
  CHECK(MagnitudeBins::reaching(counts, 3) == 3);
  CHECK(MagnitudeBins::reaching(counts, 4) == 2);
  CHECK(MagnitudeBins::reaching(counts, 7) == 2);
  CHECK(MagnitudeBins::reaching(counts, 8) == 0);
  CHECK(MagnitudeBins::reaching(counts, 12) == 0);
  CHECK(MagnitudeBins::reaching(counts, 13) == 0);
}

TEST_CASE("the largest of pairs are those that top-k takes, in any coding of indices") {
  const auto primitives = std::shared_ptr<const Primitives>(make_cpu_primitives(1));
  const std::vector<float> x = normal_values(500);
  for (const IndexCoding coding : {IndexCoding::raw32, IndexCoding::bitmap, IndexCoding::elias_fano}) {
    const auto top_k = find_codec("top-k")->make({.index = coding}, primitives);
    for (const std::size_t count : {1U, 40U, 500U})
      CHECK(largest_pairs(pairs_of(x, coding), count, *primitives) == top_k->encode(x, count, {}));
    CHECK(largest_pairs(pairs_of(x, coding), 0, *primitives).entries() == 0);
  }
  // Sums may be infinite.
  std::vector<float> beyond = x;
  beyond[77] = std::numeric_limits<float>::infinity();
  CHECK(read_pairs(largest_pairs(pairs_of(beyond), 1, *primitives)).indices == std::vector<std::uint32_t>{77});
}

TEST_CASE("sums of pairs: all entries of all, and of what was sent that part is accepted which is kept") {
  const auto codec = find_codec("ok-top-k")->make({}, make_cpu_primitives(1));
  for (const unsigned workers : {1U, 2U, 3U, 7U, 8U}) {
    std::vector<Payload> parts;
    std::vector<float> expected(200);
    for (unsigned worker = 0; worker < workers; ++worker) {
      std::vector<float> x = normal_values(200, worker);
      for (float& value : x) value = std::round(100 * value);
      parts.push_back(codec->encode(x, 20, {}));
      codec->decode(parts.back(), 1, expected, {});
    }
    const Payload sum = codec->aggregator()->combine(parts);
    std::vector<float> all(200);
    codec->decode(sum, 1, all, {});
    CHECK(all == expected);
    const Payload kept = largest_pairs(sum, 20, *make_cpu_primitives(1));
    const Pairs accepted = read_pairs(codec->aggregator()->accepted(parts[0], kept));
    const Pairs sent = read_pairs(parts[0]);
    const Pairs result = read_pairs(kept);
    std::size_t found = 0;
    for (std::size_t j = 0; j < sent.indices.size(); ++j) {
      if (std::ranges::find(result.indices, sent.indices[j]) == result.indices.end()) continue;
      REQUIRE(found < accepted.indices.size());
      CHECK(accepted.indices[found] == sent.indices[j]);
      CHECK(accepted.values[found++] == sent.values[j]);
    }
    CHECK(found == accepted.indices.size());
  }
}
