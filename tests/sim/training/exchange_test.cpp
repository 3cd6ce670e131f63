// What M workers agree on, and what is left to each.

#include "sim/training/exchange.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>

#include "kernels/layout.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

using nlohmann::json;

constexpr std::size_t workers = 6;
constexpr std::size_t N = 1000;

json trained_scenario(const json& method, const json& grouping) {
  json scenario = tiny_scenario();
  scenario["workers"] = workers;
  scenario["training"] = json::object();
  scenario["schedule"] = {{"grouping", grouping}};
  scenario["methods"] = json::array({method});
  return scenario;
}

/// Whole numbers, which fp32 adds exactly.
std::vector<std::vector<float>> gradients(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<float>> all(workers, std::vector<float>(N));
  for (auto& gradient : all) {
    for (float& value : gradient) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000);
  }
  return all;
}

std::vector<float> copy(std::span<const float> values) {
  return {values.begin(), values.end()};
}

/// Residuals of all workers added up, in forward order: the tiny model has two tensors, of which a group each is
/// exchanged the last first.
std::vector<double> all_residuals(const GradientExchange& exchange, bool by_tensor) {
  std::vector<double> sum(N);
  for (std::size_t i = 0; i < exchange.feedback().size(); ++i) {
    const auto residual = exchange.feedback()[i].residual();
    const std::size_t offset = by_tensor && i % 2 == 0 ? 200 : 0;
    for (std::size_t j = 0; j < residual.size(); ++j) sum[offset + j] += static_cast<double>(residual[j]);
  }
  return sum;
}

}  // namespace

TEST_CASE("exchange: over many rounds, residuals and what was agreed on are the sum of the gradients") {
  // Divided by M = 6 the agreed values are rounded; times 6 they are whole numbers again to within 1e-3. Scales are not
  // whole: residuals of some thousands are rounded to 2^-12 in each of 20 rounds on each of 6 workers.
  const std::vector<json> conserving = {
      {{"name", "top-k"}, {"density", 0.02}},
      {{"name", "top-k"}, {"density", 0.02}, {"collective", "allgather-doubling"}, {"index", "bitmap"}},
      {{"name", "top-k"}, {"density", 0.02}, {"training", {{"selection", "tensor"}}}},
      {{"name", "gtop-k"}, {"density", 0.02}, {"training", {{"residual_rule", "exact"}}}},
      {{"name", "ef-signsgd"}},
      {{"name", "ef-signsgd"}, {"collective", "allgather-doubling"}},
      {{"name", "rand-k"}, {"density", 0.02}},
      {{"name", "rand-k"}, {"density", 0.02}, {"indices", "sent"}},
      {{"name", "dgc"}, {"density", 0.02}},
      {{"name", "onebit"}},
      {{"name", "qsgd"}, {"error_feedback", true}, {"bucket", 64}},
      {{"name", "qsgd"}, {"error_feedback", true}, {"levels", 64}, {"bucket", 0}, {"packing", "int8"}},
      {{"name", "natural-compression"}, {"error_feedback", true}},
      {{"name", "scalecom"}, {"density", 0.02}},
      {{"name", "scalecom"}, {"density", 0.02}, {"index", "delta"}, {"collective", "parameter-server"}},
      {{"name", "powersgd"}, {"rank", 2}},
      {{"name", "powersgd"}, {"rank", 1}, {"collective", "halving-doubling"}},
      {{"name", "sgd"}, {"error_feedback", true}}};
  for (const json& method : conserving) {
    for (const char* grouping : {"model", "tensor"}) {
      INFO(method << " " << grouping);
      const TemporaryFolder folder;
      const Study study = study_of(trained_scenario(method, grouping), folder);
      GradientExchange exchange(study.points[0].scenario, 2);
      std::vector<double> total(N);
      std::vector<double> agreed(N);
      for (unsigned round = 0; round < 20; ++round) {
        const auto all = gradients(round);
        for (std::size_t w = 0; w < workers; ++w) {
          exchange.encode(w, all[w]);
          for (std::size_t i = 0; i < N; ++i) total[i] += static_cast<double>(all[w][i]);
        }
        const auto mean = exchange.exchange();
        for (std::size_t i = 0; i < N; ++i) agreed[i] += workers * static_cast<double>(mean[i]);
      }
      const std::vector<double> left = all_residuals(exchange, std::string(grouping) == "tensor");
      for (std::size_t i = 0; i < N; ++i) CHECK(left[i] + agreed[i] == Approx(total[i]).margin(1e-1));
    }
  }
}

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
  constexpr std::size_t gpus = 3;
  for (json method : conserving) {
    for (const char* hierarchy : {"shard", "leader"}) {
      method["hierarchy"] = hierarchy;
      INFO(method);
      const TemporaryFolder folder;
      json scenario = trained_scenario(method, "model");
      scenario["network"]["gpus_per_host"] = gpus;
      scenario["network"]["intra_host"] = {{"kind", "nvlink"}, {"bandwidth", "10 GB/s"}, {"latency", "5 us"}};
      const Study study = study_of(scenario, folder);
      GradientExchange exchange(study.points[0].scenario, 2);
      const bool is_sharded = std::string(hierarchy) == "shard";
      REQUIRE(exchange.feedback().size() == (is_sharded ? workers : workers / gpus));
      std::vector<double> total(N);
      std::vector<double> agreed(N);
      for (unsigned round = 0; round < 20; ++round) {
        exchange.begin({.seed = 1, .round = round});
        const auto all = gradients(round);
        for (std::size_t w = 0; w < workers; ++w) {
          exchange.encode(w, all[w]);
          for (std::size_t i = 0; i < N; ++i) total[i] += static_cast<double>(all[w][i]);
        }
        const auto mean = exchange.exchange();
        for (std::size_t i = 0; i < N; ++i) agreed[i] += workers * static_cast<double>(mean[i]);
      }
      for (std::size_t e = 0; e < exchange.feedback().size(); ++e) {
        const auto residual = exchange.feedback()[e].residual();
        REQUIRE(residual.size() == (is_sharded ? 334 : N));
        const std::size_t first = is_sharded ? e % gpus * residual.size() : 0;
        for (std::size_t i = 0; i < residual.size() && first + i < N; ++i)
          agreed[first + i] += gpus * static_cast<double>(residual[i]);
      }
      for (std::size_t i = 0; i < N; ++i) CHECK(agreed[i] == Approx(total[i]).margin(0.2));
    }
  }
}

TEST_CASE("exchange: with a hierarchy every shard draws its own entries") {
  const TemporaryFolder folder;
  json scenario = trained_scenario({{"name", "rand-k"}, {"k", 300}, {"hierarchy", "shard"}}, "model");
  scenario["network"]["gpus_per_host"] = 2;
  scenario["network"]["intra_host"] = {{"kind", "nvlink"}, {"bandwidth", "10 GB/s"}, {"latency", "5 us"}};
  const Study study = study_of(scenario, folder);
  GradientExchange exchange(study.points[0].scenario, 2);
  const auto all = gradients(3);
  for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
  const auto agreed = exchange.exchange();
  std::size_t in_both = 0;
  for (std::size_t i = 0; i < N / 2; ++i) in_both += agreed[i] != 0 && agreed[N / 2 + i] != 0 ? 1U : 0U;
  CHECK(in_both < 100);  // of 150 each in 500: 45 are to be expected, all 150 if they were the same
}

TEST_CASE("exchange: with a hierarchy signs are those of hosts' means") {
  const TemporaryFolder folder;
  for (const char* hierarchy : {"shard", "leader"}) {
    json scenario = trained_scenario({{"name", "signsgd"}, {"hierarchy", hierarchy}}, "tensor");
    scenario["network"]["gpus_per_host"] = 2;
    scenario["network"]["intra_host"] = {{"kind", "nvlink"}, {"bandwidth", "10 GB/s"}, {"latency", "5 us"}};
    const Study study = study_of(scenario, folder);
    GradientExchange exchange(study.points[0].scenario, 2);
    const auto all = gradients(3);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    const auto agreed = exchange.exchange();
    for (std::size_t i = 0; i < N; ++i) {
      float mean = 0;
      for (std::size_t host = 0; host < workers; host += 2) mean += all[host][i] + all[host + 1][i] < 0 ? -1.0F : 1.0F;
      CHECK(agreed[i] == Approx(mean / 3).margin(1e-6));
    }
  }
}

TEST_CASE("exchange: dgc's momentum loses what the residual loses") {
  for (const char* grouping : {"model", "tensor"}) {
    const TemporaryFolder folder;
    const Study study = study_of(trained_scenario({{"name", "dgc"}, {"k", 20}}, grouping), folder);
    GradientExchange exchange(study.points[0].scenario, 1);
    const auto all = gradients(1);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    exchange.exchange();
    for (std::size_t w = 0; w < workers; ++w) {
      // Nothing was in the residual before: it is the gradient, but for what was sent.
      std::vector<float> momentum = all[w];
      exchange.settle_too(w, momentum);
      std::size_t sent = 0;
      for (std::size_t i = 0; i < N; ++i) {
        CHECK((momentum[i] == 0 || momentum[i] == all[w][i]));
        sent += momentum[i] == 0 && all[w][i] != 0 ? 1U : 0U;
      }
      CHECK(sent >= 14);
      CHECK(sent <= 27);  // 1.3 x 20, in two groups each rounded up to at least one
      const double left = std::accumulate(momentum.begin(), momentum.end(), 0.0);
      double residual = 0;
      for (std::size_t g = 0; g < exchange.feedback().size() / workers; ++g) {
        const auto part = exchange.feedback()[w * (exchange.feedback().size() / workers) + g].residual();
        residual += std::accumulate(part.begin(), part.end(), 0.0);
      }
      CHECK(left == residual);
    }
  }
}

TEST_CASE("exchange: scalecom's workers send what is largest of the one whose turn it is") {
  for (const char* collective : {"ring", "tree", "parameter-server"}) {
    const TemporaryFolder folder;
    const json method = {{"name", "scalecom"}, {"k", 20}, {"collective", collective}, {"error_feedback", false}};
    const Study study = study_of(trained_scenario(method, "model"), folder);
    GradientExchange exchange(study.points[0].scenario, 2);
    for (std::uint32_t round = 0; round < 2 * workers; ++round) {
      exchange.begin({.seed = 1, .round = round});
      const auto all = gradients(round);
      for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
      const std::vector<float> agreed = copy(exchange.exchange());
      const Pairs largest = make_cpu_primitives(1)->select_largest(all[round % workers], 20);
      for (std::uint32_t i = 0; i < N; ++i) {
        float mean = 0;
        for (const auto& gradient : all) mean += gradient[i] / workers;
        const bool is_sent = std::binary_search(largest.indices.begin(), largest.indices.end(), i);
        CHECK(agreed[i] == Approx(is_sent ? mean : 0).margin(1e-3));
      }
      // Indices of the leader, a sixth of all, and values: on average 32 / 6 + 80 / 6 + 80.
      CHECK(exchange.payload_bytes() == Approx(112 / 6.0 + 80));
    }
  }
}

TEST_CASE("exchange: with beta the residual is a moving average of what is left") {
  const TemporaryFolder folder;
  const json method = {{"name", "scalecom"}, {"k", 20}, {"training", {{"beta", 0.25}}}};
  const Study study = study_of(trained_scenario(method, "model"), folder);
  GradientExchange exchange(study.points[0].scenario, 2);
  std::vector<std::vector<float>> residuals(workers, std::vector<float>(N));
  for (std::uint32_t round = 0; round < 5; ++round) {
    exchange.begin({.seed = 1, .round = round});
    const auto all = gradients(round);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    std::vector<float> leading = all[round];
    for (std::size_t i = 0; i < N; ++i) leading[i] += residuals[round][i];
    const Pairs largest = make_cpu_primitives(1)->select_largest(leading, 20);
    exchange.exchange();
    for (std::size_t w = 0; w < workers; ++w) {
      for (std::uint32_t i = 0; i < N; ++i) {
        const bool is_sent = std::binary_search(largest.indices.begin(), largest.indices.end(), i);
        const float left = is_sent ? 0 : residuals[w][i] + all[w][i];
        residuals[w][i] = 0.75F * residuals[w][i] + 0.25F * left;
        CHECK(exchange.feedback()[w].residual()[i] == Approx(residuals[w][i]).margin(1e-3));
      }
    }
  }
}

TEST_CASE("exchange: the published residual rule of gTop-k loses what merges drop, the exact one does not") {
  const auto lost = [](const char* rule) {
    const TemporaryFolder folder;
    const Study study = study_of(
        trained_scenario({{"name", "gtop-k"}, {"density", 0.05}, {"training", {{"residual_rule", rule}}}}, "model"),
        folder);
    GradientExchange exchange(study.points[0].scenario, 1);
    const auto all = gradients(1);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    const std::vector<float> mean = copy(exchange.exchange());
    const std::vector<double> left = all_residuals(exchange, false);
    double difference = 0;
    for (std::size_t i = 0; i < N; ++i) {
      double total = -left[i] - workers * static_cast<double>(mean[i]);
      for (const auto& gradient : all) total += static_cast<double>(gradient[i]);
      difference += std::abs(total);
    }
    return difference;
  };
  CHECK(lost("exact") < 1);
  CHECK(lost("published") > 100);
}

TEST_CASE("exchange: votes are those of a scalar oracle") {
  for (const char* collective : {"parameter-server", "sharded-parameter-server"}) {
    const TemporaryFolder folder;
    const Study study =
        study_of(trained_scenario({{"name", "signsgd-mv"}, {"collective", collective}}, "tensor"), folder);
    GradientExchange exchange(study.points[0].scenario, 2);
    const auto all = gradients(3);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    const auto votes = exchange.exchange();
    for (std::size_t i = 0; i < N; ++i) {
      int negative = 0;
      for (const auto& gradient : all) negative += gradient[i] < 0 ? 1 : 0;
      CHECK(votes[i] == (2 * negative > static_cast<int>(workers) ? -1.0F : 1.0F));
    }
  }
}

TEST_CASE("exchange: random ties are those of a scalar oracle but for the ties, and differ from round to round") {
  const auto votes_of = [](std::size_t voters, const json& method, const json& grouping, const RoundId& id) {
    const TemporaryFolder folder;
    json scenario = trained_scenario(method, grouping);
    scenario["workers"] = voters;
    const Study study = study_of(scenario, folder);
    GradientExchange exchange(study.points[0].scenario, 2);
    exchange.begin(id);
    const auto all = gradients(3);
    for (std::size_t w = 0; w < voters; ++w) exchange.encode(w, all[w]);
    return copy(exchange.exchange());
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
  const TemporaryFolder folder;
  const Study study =
      study_of(trained_scenario({{"name", "signsgd-mv"}, {"training", {{"zeros", "random"}}}}, "model"), folder);
  GradientExchange exchange(study.points[0].scenario, 1);
  auto all = gradients(4);
  for (auto& gradient : all) {
    std::replace(gradient.begin(), gradient.end(), 0.0F, 1.0F);
    for (std::size_t i = 0; i < N; i += 2) gradient[i] = i % 4 == 0 ? 0.0F : -0.0F;
  }
  const auto signs_of = [&](std::size_t worker, const RoundId& id) {
    exchange.begin(id);
    exchange.encode(worker, all[worker]);
    const auto codec = find_codec("signs")->make({}, make_cpu_primitives(1));
    // What is saved of a round makes the round's payload again.
    CHECK(codec->encode(exchange.corrected(worker, all[worker]), N, {}) == exchange.payloads().at(worker, 0, 0));
    std::vector<float> signs(N);
    codec->decode(exchange.payloads().at(worker, 0, 0), 1, signs, {});
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
  const TemporaryFolder folder;
  const Study study =
      study_of(trained_scenario({{"name", "sparse-signsgd"}, {"k", 100}, {"error_feedback", false}, {"index", "delta"}},
                                "model"),
               folder);
  GradientExchange exchange(study.points[0].scenario, 2);
  const auto all = gradients(4);
  for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
  const auto votes = exchange.exchange();
  std::vector<int> sums(N);
  for (const auto& gradient : all) {
    std::vector<std::size_t> order(N);
    for (std::size_t i = 0; i < N; ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return std::abs(gradient[a]) > std::abs(gradient[b]); });
    for (std::size_t j = 0; j < 100; ++j) sums[order[j]] += gradient[order[j]] < 0 ? -1 : 1;
  }
  for (std::size_t i = 0; i < N; ++i) CHECK(votes[i] == static_cast<float>((sums[i] > 0) - (sums[i] < 0)));
  CHECK(exchange.feedback().empty());
}

TEST_CASE("exchange: scaled signs are averaged as a scalar oracle does, and leave what they are off by") {
  const TemporaryFolder folder;
  const Study study = study_of(trained_scenario({{"name", "ef-signsgd"}}, "model"), folder);
  GradientExchange exchange(study.points[0].scenario, 2);
  std::vector<std::vector<double>> residuals(workers, std::vector<double>(N));
  for (unsigned round = 0; round < 3; ++round) {
    const auto all = gradients(round);
    std::vector<double> mean(N);
    for (std::size_t w = 0; w < workers; ++w) {
      exchange.encode(w, all[w]);
      double scale = 0;
      for (std::size_t i = 0; i < N; ++i) {
        residuals[w][i] += static_cast<double>(all[w][i]);
        scale += std::abs(residuals[w][i]) / N;
      }
      for (std::size_t i = 0; i < N; ++i) {
        const double delta = residuals[w][i] < 0 ? -scale : scale;
        residuals[w][i] -= delta;
        mean[i] += delta / workers;
      }
    }
    const auto agreed = exchange.exchange();
    for (std::size_t i = 0; i < N; ++i) REQUIRE(static_cast<double>(agreed[i]) == Approx(mean[i]).margin(1e-2));
    CHECK(exchange.payload_bytes() == 32 + 4 + 4 * 32);  // header, scale, ceil(1000 / 32) words
    CHECK(exchange.result_bytes() == workers * (32 + 4 + 4 * 32));
  }
}

TEST_CASE("exchange: top-k divides by the workers, or by those that sent the element") {
  const auto agreed = [](const char* by) {
    const TemporaryFolder folder;
    const Study study =
        study_of(trained_scenario({{"name", "top-k"}, {"k", 100}, {"training", {{"divide_by", by}}}}, "model"), folder);
    GradientExchange exchange(study.points[0].scenario, 1);
    const auto all = gradients(5);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    const std::vector<float> mean = copy(exchange.exchange());
    std::vector<int> senders(N);
    std::vector<std::uint32_t> decoded;
    for (std::size_t w = 0; w < workers; ++w) {
      for (const std::uint32_t i : view_pairs(exchange.payloads().at(w, 0, 0), decoded).indices) ++senders[i];
    }
    return std::pair(mean, senders);
  };
  const auto [by_workers, senders] = agreed("workers");
  const auto by_senders = agreed("senders").first;
  for (std::size_t i = 0; i < N; ++i)
    CHECK(by_senders[i] * static_cast<float>(senders[i]) == Approx(by_workers[i] * workers).margin(1e-2));
}

TEST_CASE("exchange: the K largest of each tensor, or of all that travels together, and during a warm-up more") {
  const auto entries = [](const json& training, std::optional<double> density) {
    const TemporaryFolder folder;
    const Study study =
        study_of(trained_scenario({{"name", "top-k"}, {"density", 0.011}, {"training", training}}, "model"), folder);
    GradientExchange exchange(study.points[0].scenario, 1);
    exchange.set_density(density);
    const auto all = gradients(6);
    for (std::size_t w = 0; w < workers; ++w) exchange.encode(w, all[w]);
    return exchange.payloads().at(0, 0, 0).entries();
  };
  // Tensors of 200 and 800 elements.
  CHECK(entries({{"selection", "group"}}, std::nullopt) == 11);
  CHECK(entries({{"selection", "tensor"}}, std::nullopt) == 3 + 9);
  CHECK(entries({{"selection", "group"}}, 0.25) == 250);
  CHECK(entries({{"selection", "tensor"}}, 0.25) == 50 + 200);
}

}  // namespace simrun
