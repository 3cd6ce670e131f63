// What M workers vote for.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/sim/training/exchanges.hpp"

namespace simrun::exchanges {

TEST_CASE("exchange: votes are those of a scalar oracle") {
  for (const char* collective : {"parameter-server", "sharded-parameter-server"}) {
    Bench exchange(trained_scenario({{"name", "signsgd-mv"}, {"collective", collective}}, "tensor"));
    const auto all = gradients(3);
    const std::vector<float> votes = exchange.agreed_on(all);
    for (std::size_t i = 0; i < N; ++i) {
      int negative = 0;
      for (const auto& gradient : all) negative += gradient[i] < 0 ? 1 : 0;
      CHECK(votes[i] == (2 * negative > static_cast<int>(workers) ? -1.0F : 1.0F));
    }
  }
}

TEST_CASE("exchange: random ties are those of a scalar oracle but for the ties, and differ from round to round") {
  const auto votes_of = [](std::size_t voters, const json& method, const json& grouping, const RoundId& id) {
    json scenario = trained_scenario(method, grouping);
    scenario["workers"] = voters;
    Bench exchange(scenario);
    exchange->begin(id);
    return exchange.agreed_on(gradients(3));
  };
  for (const char* collective : {"parameter-server", "sharded-parameter-server"}) {
    for (const char* grouping : {"model", "tensor"}) {
      INFO(collective << " " << grouping);
      const json published = {{"name", "signsgd-mv"}, {"collective", collective}};
      json random = published;
      random["training"] = {{"ties", "random"}};
      const std::vector<float> votes = votes_of(workers, random, grouping, {.seed = 1, .round = 7});
      CHECK(votes == votes_of(workers, random, grouping, {.seed = 1, .round = 7}));
      CHECK(votes != votes_of(workers, random, grouping, {.seed = 1, .round = 8}));
      CHECK(votes != votes_of(workers, random, grouping, {.seed = 2, .round = 7}));
      const auto all = gradients(3);
      int ties = 0;
      int negative_ties = 0;
      for (std::size_t i = 0; i < N; ++i) {
        int sum = 0;
        for (const auto& gradient : all) sum += gradient[i] < 0 ? -1 : 1;
        if (sum != 0) REQUIRE(votes[i] == (sum < 0 ? -1.0F : 1.0F));
        ties += sum == 0 ? 1 : 0;
        negative_ties += sum == 0 && votes[i] < 0 ? 1 : 0;
      }
      // 6 voters tie with probability 20/64. Lots fall evenly: within 5 standard deviations of sqrt(ties) / 2.
      CHECK(ties > 200);
      CHECK(std::abs(negative_ties - 0.5 * ties) < 2.5 * std::sqrt(ties));
      // An odd number has no ties.
      CHECK(votes_of(5, random, grouping, {}) == votes_of(5, published, grouping, {}));
    }
  }
}

TEST_CASE("exchange: random zeros have either sign, whatever is not zero has its own") {
  Bench exchange(trained_scenario({{"name", "signsgd-mv"}, {"training", {{"zeros", "random"}}}}));
  auto all = gradients(4);
  for (auto& gradient : all) {
    std::replace(gradient.begin(), gradient.end(), 0.0F, 1.0F);
    for (std::size_t i = 0; i < N; i += 2) gradient[i] = i % 4 == 0 ? 0.0F : -0.0F;
  }
  const auto signs_of = [&](std::size_t worker, const RoundId& id) {
    exchange->begin(id);
    exchange->encode(worker, all[worker]);
    const auto codec = find_codec("signs")->make({}, make_cpu_primitives(1));
    // What is saved of a round makes the round's payload again.
    CHECK(codec->encode(exchange->corrected(worker, all[worker]), N, {}) == exchange->payloads().at(worker, 0, 0));
    std::vector<float> signs(N);
    codec->decode(exchange->payloads().at(worker, 0, 0), 1, signs, {});
    return signs;
  };
  const std::vector<float> signs = signs_of(0, {});
  int negative = 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (all[0][i] != 0) REQUIRE(signs[i] == (all[0][i] < 0 ? -1.0F : 1.0F));
    negative += all[0][i] == 0 && signs[i] < 0 ? 1 : 0;
  }
  CHECK(std::abs(negative - 250) < 5 * std::sqrt(500.0) / 2);  // 500 zeros
  CHECK(signs == signs_of(0, {}));
  CHECK(signs != signs_of(0, {.seed = 0, .round = 1}));
  const auto zeros_of = [](const std::vector<float>& of) {
    std::vector<float> zeros;
    for (std::size_t i = 0; i < N; i += 2) zeros.push_back(of[i]);
    return zeros;
  };
  CHECK(zeros_of(signs) != zeros_of(signs_of(1, {})));
}

TEST_CASE("exchange: votes on sparse signs are those of a scalar oracle, with no update where nobody or as many vote") {
  Bench exchange(
      trained_scenario({{"name", "sparse-signsgd"}, {"k", 100}, {"error_feedback", false}, {"index", "delta"}}));
  const auto all = gradients(4);
  const std::vector<float> votes = exchange.agreed_on(all);
  std::vector<int> sums(N);
  for (const auto& gradient : all) {
    std::vector<std::size_t> order(N);
    for (std::size_t i = 0; i < N; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return std::abs(gradient[a]) > std::abs(gradient[b]); });
    for (std::size_t j = 0; j < 100; ++j) sums[order[j]] += gradient[order[j]] < 0 ? -1 : 1;
  }
  for (std::size_t i = 0; i < N; ++i) CHECK(votes[i] == static_cast<float>((sums[i] > 0) - (sums[i] < 0)));
  CHECK(exchange->feedback().empty());
}

}  // namespace simrun::exchanges
