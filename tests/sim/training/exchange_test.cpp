// What M workers agree on, and what is left to each.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/layout.hpp"
#include "tests/sim/training/exchanges.hpp"

namespace simrun::exchanges {
namespace {

/// Residuals of all workers and the server added up, in forward order: the tiny model has two tensors, of which a group
/// each is exchanged the last first.
std::vector<double> all_residuals(const GradientExchange& exchange, bool by_tensor) {
  std::vector<double> sum(N);
  for (const auto all : {exchange.feedback(), exchange.server_errors()}) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto residual = all[i].residual();
      const std::size_t offset = by_tensor && i % 2 == 0 ? 200 : 0;
      for (std::size_t j = 0; j < residual.size(); ++j) sum[offset + j] += static_cast<double>(residual[j]);
    }
  }
  return sum;
}

/// Value i of n of the wave of coefficient k, whose norm is 1.
double wave(std::size_t n, std::size_t k, std::size_t i) {
  const auto size = static_cast<double>(n);
  return std::sqrt((k > 0 ? 2 : 1) / size) *
         std::cos(std::numbers::pi * static_cast<double>((2 * i + 1) * k) / 2 / size);
}

/// Moves what the largest coefficients of a chunk stand for from there to `to`.
void send_waves(std::span<double> chunk, std::size_t keeps, std::span<double> to) {
  const std::size_t n = chunk.size();
  std::vector<std::pair<double, std::size_t>> coefficients(n);
  for (std::size_t k = 0; k < n; ++k) {
    coefficients[k].second = k;
    for (std::size_t i = 0; i < n; ++i) coefficients[k].first += chunk[i] * wave(n, k, i);
  }
  std::ranges::sort(coefficients, std::greater{}, [](const auto& c) { return std::abs(c.first); });
  for (std::size_t j = 0; j < keeps; ++j) {
    for (std::size_t i = 0; i < n; ++i) {
      const double sent = coefficients[j].first * wave(n, coefficients[j].second, i);
      chunk[i] -= sent;
      to[i] += sent;
    }
  }
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
      {{"name", "chunked-top-k"}, {"chunk", 32}, {"chunk_keeps", 3}},
      {{"name", "demo"}, {"chunk", 32}, {"chunk_keeps", 3}, {"training", {{"residual_weight", 1}}}},
      {{"name", "block-quantization"}, {"block", 32}},
      {{"name", "block-quantization"}, {"bits", 4}},
      {{"name", "quantized-allreduce"}, {"requantize", false}},
      {{"name", "quantized-allreduce"}, {"requantize", false}, {"bits", 5}, {"collective", "tree"}},
      {{"name", "top-k"}, {"density", 0.02}, {"values", "fp16"}},
      {{"name", "top-k"}, {"density", 0.02}, {"values", "int4"}, {"index", "elias-fano"}},
      {{"name", "dgc"}, {"density", 0.02}, {"values", "sign"}},
      {{"name", "rand-k"}, {"density", 0.02}, {"indices", "sent"}, {"values", "int2"}},
      {{"name", "chunked-top-k"}, {"chunk", 32}, {"chunk_keeps", 3}, {"values", "int2"}},
      {{"name", "homomorphic"}, {"density", 0.02}},
      {{"name", "homomorphic"}, {"density", 0.02}, {"counters", 1024}, {"collective", "halving-doubling"}},
      {{"name", "rand-block"}, {"density", 0.02}},
      {{"name", "sidco"}, {"density", 0.02}},
      {{"name", "spardl"}, {"density", 0.02}},
      {{"name", "spardl"}, {"k", 5}},
      {{"name", "ok-top-k"}, {"density", 0.02}},
      {{"name", "ok-top-k"}, {"density", 0.02}, {"index", "elias-fano"}},
      {{"name", "loco"}, {"precision", "fp32"}, {"training", {{"beta", 1}}}},
      {{"name", "top-k"}, {"density", 0.02}, {"two_way", true}},
      {{"name", "top-k"}, {"density", 0.02}, {"two_way", true}, {"server", "rank0"}, {"values", "int4"}},
      {{"name", "chunked-top-k"}, {"chunk", 32}, {"chunk_keeps", 3}, {"two_way", true}},
      {{"name", "ef-signsgd"}, {"two_way", true}},
      {{"name", "onebit"}, {"two_way", true}, {"server", "rank0"}},
      {{"name", "block-quantization"}, {"bits", 2}, {"two_way", true}},
      {{"name", "loco"},
       {"precision", "fp32"},
       {"collective", "parameter-server"},
       {"block", 32},
       {"training", {{"beta", 1}, {"residual_reset", 0}}}},
      {{"name", "scalecom"}, {"density", 0.02}},
      {{"name", "scalecom"}, {"density", 0.02}, {"index", "delta"}, {"collective", "parameter-server"}},
      {{"name", "powersgd"}, {"rank", 2}},
      {{"name", "powersgd"}, {"rank", 1}, {"collective", "halving-doubling"}},
      {{"name", "sgd"}, {"error_feedback", true}}};
  for (const json& method : conserving) {
    for (const char* grouping : {"model", "tensor"}) {
      INFO(method << " " << grouping);
      Bench exchange(trained_scenario(method, grouping));
      const Totals totals = exchange.run(20);
      const std::vector<double> left = all_residuals(*exchange, std::string(grouping) == "tensor");
      for (std::size_t i = 0; i < N; ++i) CHECK(left[i] + totals.agreed[i] == Approx(totals.given[i]).margin(1e-1));
    }
  }
}

TEST_CASE("exchange: demo's workers send the largest coefficients of a momentum, and take out of it what they send") {
  Bench exchange(trained_scenario({{"name", "demo"}, {"chunk", 32}, {"chunk_keeps", 3}}));
  std::vector<std::vector<double>> momenta(workers, std::vector<double>(N));
  for (std::uint32_t round = 0; round < 4; ++round) {
    exchange->begin({.seed = 1, .round = round});
    const auto all = gradients(round);
    const std::vector<float> agreed = exchange.agreed_on(all);
    std::vector<double> expected(N);
    for (std::size_t w = 0; w < workers; ++w) {
      for (std::size_t i = 0; i < N; ++i) momenta[w][i] = 0.999 * momenta[w][i] + static_cast<double>(all[w][i]);
      for (std::size_t first = 0; first < N; first += 32) {
        const auto chunk = std::span(momenta[w]).subspan(first, std::min<std::size_t>(32, N - first));
        send_waves(chunk, 3, std::span(expected).subspan(first));
      }
    }
    for (std::size_t i = 0; i < N; ++i) {
      CHECK(agreed[i] == Approx(expected[i] / workers).margin(0.01));
      CHECK(exchange->feedback()[0].residual()[i] == Approx(momenta[0][i]).margin(0.01));
    }
  }
}

TEST_CASE("exchange: dgc's momentum is zero where something was sent, whatever values are rounded to") {
  for (const auto& [grouping, values] :
       {std::pair("model", "fp32"), std::pair("tensor", "fp32"), std::pair("model", "int2")}) {
    Bench exchange(trained_scenario({{"name", "dgc"}, {"k", 20}, {"values", values}}, grouping));
    const auto all = gradients(1);
    exchange.agreed_on(all);
    for (std::size_t w = 0; w < workers; ++w) {
      // Nothing was in the residual before: it is the gradient, but for what was sent.
      std::vector<float> momentum = all[w];
      exchange->zero_sent(w, momentum);
      std::size_t sent = 0;
      for (std::size_t i = 0; i < N; ++i) {
        CHECK((momentum[i] == 0 || momentum[i] == all[w][i]));
        sent += momentum[i] == 0 && all[w][i] != 0 ? 1U : 0U;
      }
      CHECK(sent >= 14);
      CHECK(sent <= 27);  // 1.3 x 20, in two groups each rounded up to at least one
      const double left = std::accumulate(momentum.begin(), momentum.end(), 0.0);
      double residual = 0;
      for (std::size_t g = 0; g < exchange->feedback().size() / workers; ++g) {
        const auto part = exchange->feedback()[w * (exchange->feedback().size() / workers) + g].residual();
        residual += std::accumulate(part.begin(), part.end(), 0.0);
      }
      CHECK(left == Approx(residual).margin(0.01));  // values that are sent as means of some have their sum
    }
  }
}

TEST_CASE("exchange: scalecom's workers send what is largest of the one whose turn it is") {
  for (const char* collective : {"ring", "tree", "parameter-server"}) {
    const json method = {{"name", "scalecom"}, {"k", 20}, {"collective", collective}, {"error_feedback", false}};
    Bench exchange(trained_scenario(method));
    for (std::uint32_t round = 0; round < 2 * workers; ++round) {
      exchange->begin({.seed = 1, .round = round});
      const auto all = gradients(round);
      const std::vector<float> agreed = exchange.agreed_on(all);
      const Pairs largest = make_cpu_primitives(1)->select_largest(all[round % workers], 20);
      for (std::uint32_t i = 0; i < N; ++i) {
        float mean = 0;
        for (const auto& gradient : all) mean += gradient[i] / workers;
        const bool is_sent = std::binary_search(largest.indices.begin(), largest.indices.end(), i);
        CHECK(agreed[i] == Approx(is_sent ? mean : 0).margin(1e-3));
      }
      // Indices of the leader, a sixth of all, and values: on average 32 / 6 + 80 / 6 + 80.
      CHECK(exchange->payload_bytes() == Approx(112 / 6.0 + 80));
    }
  }
}

TEST_CASE("exchange: with beta the residual is a moving average of what is left") {
  const json method = {{"name", "scalecom"}, {"k", 20}, {"training", {{"beta", 0.25}}}};
  Bench exchange(trained_scenario(method));
  std::vector<std::vector<float>> residuals(workers, std::vector<float>(N));
  for (std::uint32_t round = 0; round < 5; ++round) {
    exchange->begin({.seed = 1, .round = round});
    const auto all = gradients(round);
    std::vector<float> leading = all[round];
    for (std::size_t i = 0; i < N; ++i) leading[i] += residuals[round][i];
    const Pairs largest = make_cpu_primitives(1)->select_largest(leading, 20);
    exchange.agreed_on(all);
    for (std::size_t w = 0; w < workers; ++w) {
      for (std::uint32_t i = 0; i < N; ++i) {
        const bool is_sent = std::binary_search(largest.indices.begin(), largest.indices.end(), i);
        const float left = is_sent ? 0 : residuals[w][i] + all[w][i];
        residuals[w][i] = 0.75F * residuals[w][i] + 0.25F * left;
        CHECK(exchange->feedback()[w].residual()[i] == Approx(residuals[w][i]).margin(1e-3));
      }
    }
  }
}

TEST_CASE("exchange: loco averages errors, forgets them every so many rounds, and adds up what 4 bits say") {
  Bench exchange(trained_scenario({{"name", "loco"}, {"block", 32}, {"training", {{"residual_reset", 3}}}}));
  std::vector<std::vector<double>> errors(workers, std::vector<double>(N));
  for (std::uint32_t round = 0; round < 7; ++round) {
    exchange->begin({.seed = 1, .round = round});
    if (round % 3 == 0) errors.assign(workers, std::vector<double>(N));
    const auto all = gradients(round);
    std::vector<double> mean(N);
    for (std::size_t w = 0; w < workers; ++w) {
      for (std::size_t first = 0; first < N; first += 32) {
        double largest = 0;
        for (std::size_t i = first; i < std::min(first + 32, N); ++i)
          largest = std::max(largest, std::abs(static_cast<double>(all[w][i]) + errors[w][i]));
        for (std::size_t i = first; i < std::min(first + 32, N); ++i) {
          const double corrected = static_cast<double>(all[w][i]) + errors[w][i];
          const double sent = std::nearbyint(corrected / largest * 7) * largest / 7;
          mean[i] += sent / workers;
          errors[w][i] = 0.8 * errors[w][i] + 0.2 * (corrected - sent);
        }
      }
    }
    const std::vector<float> agreed = exchange.agreed_on(all);
    // To half of bf16's last bit. Where fp32 rounds to another level than double does, it is a whole one.
    std::size_t others = 0;
    for (std::size_t i = 0; i < N; ++i)
      others += std::abs(static_cast<double>(agreed[i]) - mean[i]) > std::abs(mean[i]) / 256 + 1e-2 ? 1U : 0U;
    CHECK(others <= 2);
    CHECK(exchange->payload_bytes() == 32 + 4 * 32 + 500);  // header, scales of 32 blocks, 4 bits an element
    CHECK(exchange->result_bytes() == 2 * N);
  }
}

TEST_CASE("exchange: the published residual rule of gTop-k loses what merges drop, the exact one does not") {
  const auto lost = [](const char* rule) {
    Bench exchange(trained_scenario({{"name", "gtop-k"}, {"density", 0.05}, {"training", {{"residual_rule", rule}}}}));
    const auto all = gradients(1);
    const std::vector<float> mean = exchange.agreed_on(all);
    const std::vector<double> left = all_residuals(*exchange, false);
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

TEST_CASE("exchange: scaled signs are averaged as a scalar oracle does, and leave what they are off by") {
  Bench exchange(trained_scenario({{"name", "ef-signsgd"}}));
  std::vector<std::vector<double>> residuals(workers, std::vector<double>(N));
  for (unsigned round = 0; round < 3; ++round) {
    const auto all = gradients(round);
    std::vector<double> mean(N);
    for (std::size_t w = 0; w < workers; ++w) {
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
    const std::vector<float> agreed = exchange.agreed_on(all);
    for (std::size_t i = 0; i < N; ++i) REQUIRE(static_cast<double>(agreed[i]) == Approx(mean[i]).margin(1e-2));
    CHECK(exchange->payload_bytes() == 32 + 4 + 4 * 32);  // header, scale, ceil(1000 / 32) words
    CHECK(exchange->result_bytes() == workers * (32 + 4 + 4 * 32));
  }
}

TEST_CASE("exchange: top-k divides by the workers, or by those that sent the element") {
  const auto agreed = [](const char* by) {
    Bench exchange(trained_scenario({{"name", "top-k"}, {"k", 100}, {"training", {{"divide_by", by}}}}));
    const std::vector<float> mean = exchange.agreed_on(gradients(5));
    std::vector<int> senders(N);
    Pairs decoded;
    for (std::size_t w = 0; w < workers; ++w) {
      for (const std::uint32_t i : view_pairs(exchange->payloads().at(w, 0, 0), decoded).indices) ++senders[i];
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
    Bench exchange(trained_scenario({{"name", "top-k"}, {"density", 0.011}, {"training", training}}));
    exchange->set_density(density);
    exchange->encode(0, gradients(6)[0]);
    return exchange->payloads().at(0, 0, 0).entries();
  };
  // Tensors of 200 and 800 elements.
  CHECK(entries({{"selection", "group"}}, std::nullopt) == 11);
  CHECK(entries({{"selection", "tensor"}}, std::nullopt) == 3 + 9);
  CHECK(entries({{"selection", "group"}}, 0.25) == 250);
  CHECK(entries({{"selection", "tensor"}}, 0.25) == 50 + 200);
}

}  // namespace simrun::exchanges
