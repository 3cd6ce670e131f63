#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "kernels/error_feedback.hpp"
#include "tests/kernels/samples.hpp"

using namespace simrun;

namespace {

using Entry = std::pair<std::uint32_t, float>;

/// Adds in a map and sorts.
std::vector<Entry> merge_by_sorting(const Pairs& a, const Pairs& b, std::size_t k) {
  std::map<std::uint32_t, float> sums;
  for (std::size_t j = 0; j < a.indices.size(); ++j) sums[a.indices[j]] = a.values[j];
  for (std::size_t j = 0; j < b.indices.size(); ++j) {
    const auto [at, is_new] = sums.try_emplace(b.indices[j], b.values[j]);
    if (!is_new) at->second += b.values[j];
  }
  std::vector<Entry> all(sums.begin(), sums.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const Entry& x, const Entry& y) { return std::fabs(x.second) > std::fabs(y.second); });
  all.resize(std::min(k, all.size()));
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<Entry> merged(const Pairs& a, const Pairs& b, std::size_t k, unsigned threads = 1) {
  const Pairs sum = make_cpu_primitives(threads)->merge_largest({a.indices, a.values}, {b.indices, b.values}, k);
  std::vector<Entry> all;
  for (std::size_t j = 0; j < sum.indices.size(); ++j) all.emplace_back(sum.indices[j], sum.values[j]);
  return all;
}

/// Roughly every `step`-th element of a sample, shuffled so that two lists differ.
Pairs some_of(const Sample& sample, std::size_t n, unsigned step, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x = sample.make(n);
  std::shuffle(x.begin(), x.end(), random);
  Pairs pairs;
  for (std::uint32_t i = 0; i < n; ++i) {
    if (random() % step != 0) continue;
    pairs.indices.push_back(i);
    pairs.values.push_back(x[i]);
  }
  return pairs;
}

/// Every `step`-th index from `first` on, with values of like size.
Pairs spread(std::uint32_t first, std::uint32_t step, std::size_t count, unsigned seed) {
  Pairs pairs{{}, normal_values(count, seed)};
  for (std::size_t j = 0; j < count; ++j) pairs.indices.push_back(first + step * static_cast<std::uint32_t>(j));
  return pairs;
}

bool same_bits(const std::vector<Entry>& x, const std::vector<Entry>& y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Entry& a, const Entry& b) {
    return a.first == b.first && std::bit_cast<std::uint32_t>(a.second) == std::bit_cast<std::uint32_t>(b.second);
  });
}

Payload payload_of(const Codec& codec, const std::vector<float>& x, std::size_t k) {
  return codec.encode(x, k, {});
}

}  // namespace

TEST_CASE("merge_largest gives what adding in a map and sorting gives") {
  for (const Sample& sample : samples()) {
    for (const std::size_t n : {1U, 7U, 500U, 9001U}) {
      for (const unsigned step : {1U, 3U}) {
        const Pairs a = some_of(sample, n, step, 1);
        const Pairs b = some_of(sample, n, 4 - step, 2);
        for (const std::size_t k : {std::size_t{0}, std::size_t{1}, a.indices.size(), n, 3 * n}) {
          INFO(sample.name << ", N = " << n << ", K = " << k);
          REQUIRE(merged(a, b, k) == merge_by_sorting(a, b, k));
        }
      }
    }
  }
}

TEST_CASE("merge_largest gives the same bits on any number of threads, wherever the lists lie", "[large]") {
  constexpr std::size_t many = 120'000;  // of both lists together, enough work for seven threads
  struct Lists {
    const char* name;
    Pairs a;
    Pairs b;
  };
  const std::vector<Lists> cases{
      {"the same indices", spread(5, 3, many, 1), spread(5, 3, many, 2)},
      {"in turns", spread(0, 2, many, 1), spread(1, 2, many, 2)},
      {"every third meets", spread(0, 2, many, 1), spread(0, 3, many, 2)},
      {"one after the other", spread(0, 1, many, 1), spread(many, 1, many, 2)},
      {"one in a gap of the other", spread(0, 40'000, 100'000, 1), spread(40'001, 1, 30'000, 2)},
      {"one empty", spread(0, 2, 2 * many, 1), {}},
      {"equal magnitudes",
       {spread(0, 2, many, 1).indices, std::vector<float>(many, 1.0F)},
       {spread(1, 2, many, 1).indices, std::vector<float>(many, -1.0F)}},
  };
  for (const Lists& lists : cases) {
    for (const std::size_t k : {std::size_t{7}, many / 2, many, 3 * many}) {
      INFO(lists.name << ", K = " << k);
      const auto expected = merge_by_sorting(lists.a, lists.b, k);
      for (const unsigned threads : {1U, 2U, 3U, 7U}) {
        CHECK(same_bits(merged(lists.a, lists.b, k, threads), expected));
        CHECK(same_bits(merged(lists.b, lists.a, k, threads), expected));
      }
    }
  }
}

TEST_CASE("merge_largest keeps a sum of zero, and the sign of a lone zero") {
  const Pairs a{{2, 5}, {1.0F, -0.0F}};
  const Pairs b{{2}, {-1.0F}};
  const auto all = merged(a, b, 2);
  CHECK(all == std::vector<Entry>{{2, 0.0F}, {5, 0.0F}});
  CHECK(std::signbit(all[1].second));
  CHECK(merged(a, b, 1) == std::vector<Entry>{{2, 0.0F}});
  CHECK(merged({}, {}, 3).empty());
}

TEST_CASE("merge_largest orders what is not finite above everything else") {
  const float infinity = std::numeric_limits<float>::infinity();
  const Pairs a{{1, 3}, {infinity, 8}};
  const Pairs b{{1, 4}, {-infinity, 9}};  // their sum is a NaN
  CHECK(merged(a, b, 1).front().first == 1);
}

TEST_CASE("gtop-k merges an example worked by hand") {
  // Two of seven entries kept. a sends 3 at 1 and -2 at 4; b sends -2.5 at 1 and 1.5 at 6. The sums are 0.5 at 1, -2 at
  // 4 and 1.5 at 6, of which the two largest are those at 4 and 6.
  const auto codec = find_codec("gtop-k")->make({}, make_cpu_primitives(1));
  const std::vector<float> gradient_a{0, 3, 1, 0, -2, 0.5F, 0};
  const Payload a = payload_of(*codec, gradient_a, 2);
  const Payload b = payload_of(*codec, {0, -2.5F, 0, 1, 0, 0, 1.5F}, 2);
  const auto aggregator = codec->aggregator();
  const Payload result = aggregator->combine(std::vector{a, b});
  CHECK(result == payload_of(*codec, {0, 0, 0, 0, -2, 0, 1.5F}, 2));

  // The entry of a at 1 is not in the result, so it goes back to the residual of a; the one at 4 does not.
  const Payload accepted = aggregator->accepted(a, result);
  CHECK(accepted == payload_of(*codec, {0, 0, 0, 0, -2, 0, 0}, 1));
  ErrorFeedback feedback(gradient_a.size(), make_cpu_primitives(1));
  feedback.correct(gradient_a);
  feedback.settle(*codec, accepted, {});
  const auto residual = feedback.residual();
  CHECK(std::vector<float>(residual.begin(), residual.end()) == std::vector<float>{0, 3, 1, 0, 0, 0.5F, 0});
}

TEST_CASE("gtop-k combines from left to right") {
  // K = 1. From the left, 3 at 0 beats 2 at 1, and then 2 more at 1 do not bring back what was dropped: 3 at 0 wins.
  // From the right the two halves at 1 would meet first and win with 4.
  const auto codec = find_codec("gtop-k")->make({}, make_cpu_primitives(1));
  const std::vector<Payload> parts{payload_of(*codec, {3, 0}, 1), payload_of(*codec, {0, 2}, 1),
                                   payload_of(*codec, {0, 2}, 1)};
  CHECK(codec->aggregator()->combine(parts) == parts[0]);
}

TEST_CASE("top-k and gtop-k make the same bytes") {
  const std::vector<float> x = normal_values(333);
  const auto top = find_codec("top-k")->make({}, make_cpu_primitives(1));
  const auto gtop = find_codec("gtop-k")->make({}, make_cpu_primitives(1));
  CHECK(top->encode(x, 20, {}) == gtop->encode(x, 20, {}));
}
