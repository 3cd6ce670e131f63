#include "tests/sim/training/exchanges.hpp"

#include <random>

namespace simrun::exchanges {

json trained_scenario(const json& method, const json& grouping) {
  json scenario = tiny_scenario();
  scenario["workers"] = workers;
  scenario["training"] = json::object();
  scenario["schedule"] = {{"grouping", grouping}};
  scenario["methods"] = json::array({method});
  return scenario;
}

std::vector<std::vector<float>> gradients(unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<float>> all(workers, std::vector<float>(N));
  for (auto& gradient : all) {
    for (float& value : gradient) value = static_cast<float>(static_cast<int>(random() % 2001) - 1000);
  }
  return all;
}

std::vector<float> Bench::agreed_on(const std::vector<std::vector<float>>& gradients) {
  const auto encoding = static_cast<std::size_t>(study_.points.front().scenario.workers);
  for (std::size_t w = 0; w < encoding; ++w) exchange_.encode(w, gradients[w]);
  const std::span<const float> agreed = exchange_.exchange();
  return {agreed.begin(), agreed.end()};
}

Totals Bench::run(unsigned rounds) {
  Totals totals{std::vector<double>(N), std::vector<double>(N)};
  for (unsigned round = 0; round < rounds; ++round) {
    exchange_.begin({.seed = 1, .round = round});
    const auto all = gradients(round);
    const std::vector<float> agreed = agreed_on(all);
    for (std::size_t i = 0; i < N; ++i) {
      for (const auto& gradient : all) totals.given[i] += static_cast<double>(gradient[i]);
      totals.agreed[i] += workers * static_cast<double>(agreed[i]);
    }
  }
  return totals;
}

}  // namespace simrun::exchanges
