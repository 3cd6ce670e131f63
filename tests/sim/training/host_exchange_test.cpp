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
      {{"name", "spardl"}, {"density", 0.02}},
      {{"name", "ok-top-k"}, {"density", 0.02}},
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

namespace {

/// v = v / 2 + g of each worker, exact in fp32.
void add_half_momentum(std::vector<std::vector<float>>& velocities, const std::vector<std::vector<float>>& gradients) {
  for (std::size_t w = 0; w < velocities.size(); ++w) {
    for (std::size_t i = 0; i < N; ++i) velocities[w][i] = velocities[w][i] / 2 + gradients[w][i];
  }
}

/// A round in which velocities are exchanged and lose what was sent of them.
std::vector<float> agreed_by_velocities(Bench& exchange, std::vector<std::vector<float>>& velocities, unsigned round) {
  exchange->begin({.seed = 1, .round = round});
  std::vector<float> agreed = exchange.agreed_on(velocities);
  for (std::size_t w = 0; w < velocities.size(); ++w) exchange->zero_sent(w, velocities[w]);
  return agreed;
}

}  // namespace

TEST_CASE("exchange: dgc by leaders is dgc among hosts, whose gradients are the means of their GPUs'") {
  // Momentum is linear: the mean of the velocities is the velocity of the mean, and both lose the same entries.
  const json dgc = {{"name", "dgc"}, {"k", 20}};
  json by_leaders = dgc;
  by_leaders["hierarchy"] = "leader";
  Bench of_gpus(on_hosts(trained_scenario(by_leaders, "tensor"), 2));
  json among_hosts = trained_scenario(dgc, "tensor");
  among_hosts["workers"] = workers / 2;
  Bench of_hosts(among_hosts);
  std::vector<std::vector<float>> velocities(workers, std::vector<float>(N));
  std::vector<std::vector<float>> of_means(workers / 2, std::vector<float>(N));
  for (unsigned round = 0; round < 8; ++round) {
    const auto all = gradients(round);
    std::vector<std::vector<float>> means(workers / 2, std::vector<float>(N));
    for (std::size_t w = 0; w < workers; ++w) {
      for (std::size_t i = 0; i < N; ++i) means[w / 2][i] += all[w][i] / 2;
    }
    add_half_momentum(velocities, all);
    add_half_momentum(of_means, means);
    CHECK(agreed_by_velocities(of_gpus, velocities, round) == agreed_by_velocities(of_hosts, of_means, round));
  }
}

TEST_CASE("exchange: dgc's momentum of all GPUs of a host loses what any of its shards has sent") {
  constexpr std::size_t gpus = 3;
  constexpr std::size_t part = 334;
  Bench exchange(on_hosts(trained_scenario({{"name", "dgc"}, {"k", 60}, {"hierarchy", "shard"}}), gpus));
  exchange.agreed_on(gradients(1));
  for (std::size_t w = 0; w < workers; ++w) {
    std::vector<float> ones(N, 1.0F);
    exchange->zero_sent(w, ones);
    const std::size_t host = w / gpus * gpus;
    std::size_t sent = 0;
    for (std::size_t e = host; e < host + gpus; ++e)
      sent += exchange->payloads().at(e, 0, exchange->payloads().first_round()).entries();
    std::size_t lost = 0;
    for (std::size_t i = 0; i < N; ++i) {
      CHECK((ones[i] == 0 || ones[i] == 1));
      if (ones[i] != 0) continue;
      ++lost;
      CHECK(exchange->feedback()[host + i / part].residual()[i % part] == 0);
    }
    CHECK(lost == sent);
    CHECK(lost > 30);
  }
}

}  // namespace simrun::exchanges
