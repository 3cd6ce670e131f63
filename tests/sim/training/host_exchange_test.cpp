// What M workers agree on where the GPUs of a host add up their gradients.

#include <catch2/catch.hpp>

#include "tests/sim/training/exchanges.hpp"

namespace simrun::exchanges {

TEST_CASE("exchange: with a hierarchy hosts' means and what was agreed on are what was sent and what is left") {
  // Hosts of three GPUs: shards of 334 elements, of which the last has two that are filled up. A host's mean counts for
  // three workers.
  const std::vector<json> conserving = {
      {{"name", "sgd"}, {"error_feedback", true}},
      {{"name", "top-k"}, {"density", 0.02}},
      {{"name", "gtop-k"}, {"density", 0.02}, {"training", {{"residual_rule", "exact"}}}},
      {{"name", "ef-signsgd"}},
      {{"name", "rand-k"}, {"density", 0.02}},
      {{"name", "qsgd"}, {"error_feedback", true}, {"bucket", 64}},
      {{"name", "scalecom"}, {"density", 0.02}}};
  constexpr int gpus = 3;
  for (json method : conserving) {
    for (const char* hierarchy : {"shard", "leader"}) {
      method["hierarchy"] = hierarchy;
      INFO(method);
      Bench exchange(on_hosts(trained_scenario(method), gpus));
      const bool is_sharded = std::string(hierarchy) == "shard";
      REQUIRE(exchange->feedback().size() == (is_sharded ? workers : workers / gpus));
      Totals totals = exchange.run(20);
      for (std::size_t e = 0; e < exchange->feedback().size(); ++e) {
        const auto residual = exchange->feedback()[e].residual();
        REQUIRE(residual.size() == (is_sharded ? 334 : N));
        const std::size_t first = is_sharded ? e % gpus * residual.size() : 0;
        for (std::size_t i = 0; i < residual.size() && first + i < N; ++i)
          totals.agreed[first + i] += gpus * static_cast<double>(residual[i]);
      }
      for (std::size_t i = 0; i < N; ++i) CHECK(totals.agreed[i] == Approx(totals.given[i]).margin(0.2));
    }
  }
}

TEST_CASE("exchange: with a hierarchy every shard draws its own entries") {
  Bench exchange(on_hosts(trained_scenario({{"name", "rand-k"}, {"k", 300}, {"hierarchy", "shard"}}), 2));
  const std::vector<float> agreed = exchange.agreed_on(gradients(3));
  std::size_t in_both = 0;
  for (std::size_t i = 0; i < N / 2; ++i) in_both += agreed[i] != 0 && agreed[N / 2 + i] != 0 ? 1U : 0U;
  CHECK(in_both < 100);  // of 150 each in 500: 45 are to be expected, all 150 if they were the same
}

TEST_CASE("exchange: with a hierarchy signs are those of hosts' means") {
  for (const char* hierarchy : {"shard", "leader"}) {
    Bench exchange(on_hosts(trained_scenario({{"name", "signsgd"}, {"hierarchy", hierarchy}}, "tensor"), 2));
    const auto all = gradients(3);
    const std::vector<float> agreed = exchange.agreed_on(all);
    for (std::size_t i = 0; i < N; ++i) {
      float mean = 0;
      for (std::size_t host = 0; host < workers; host += 2) mean += all[host][i] + all[host + 1][i] < 0 ? -1.0F : 1.0F;
      CHECK(agreed[i] == Approx(mean / 3).margin(1e-6));
    }
  }
}

TEST_CASE("exchange: with a hierarchy a server on a host of its own counts the votes as rank 0 does") {
  for (const char* hierarchy : {"shard", "leader"}) {
    const auto agreed = [&](const char* server) {
      const json method = {{"name", "signsgd-mv"}, {"hierarchy", hierarchy}, {"server", server}};
      return Bench(on_hosts(trained_scenario(method, "tensor"), 2)).agreed_on(gradients(3));
    };
    CHECK(agreed("own-host") == agreed("rank0"));
  }
}

}  // namespace simrun::exchanges
