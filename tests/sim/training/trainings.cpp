#include "tests/sim/training/trainings.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace simrun::trainings {

json mlp(std::size_t workers, const json& method) {
  json scenario = tiny_scenario();
  scenario["workers"] = workers;
  scenario["model"] = {{"name", "mlp"},
                       {"tensors",
                        {{{"name", "fc1.weight"}, {"shape", {20, 144}}},
                         {{"name", "fc1.bias"}, {"shape", {20}}},
                         {{"name", "fc2.weight"}, {"shape", {4, 20}}},
                         {{"name", "fc2.bias"}, {"shape", {4}}}}}};
  scenario["training"] = {{"rounds", 12}, {"evaluate_every", 5}};
  scenario["methods"] = json::array({method});
  return method.contains("hierarchy") ? on_hosts(scenario, 2) : scenario;
}

Trainer Bench::trainer(unsigned threads, std::uint64_t seed) const {
  const auto one_second = [](const PayloadTable&) { return Seconds(1); };
  const auto three_seconds = [](const PayloadTable&) { return Seconds(3); };
  return {scenario(),
          data_,
          {seed, scenario().training->method.learning_rate.sizes.front()},
          threads,
          {one_second, three_seconds},
          Where{"s.json", ""}};
}

std::vector<float> trained(const json& scenario, unsigned threads) {
  const Bench bench(scenario);
  Trainer trainer = bench.trainer(threads);
  while (!trainer.is_done()) trainer.step();
  return trainer.parameters();
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) throw std::invalid_argument("vectors of different sizes");
  double most = 0;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]));
    largest = std::max(largest, std::abs(static_cast<double>(b[i])));
  }
  return most / largest;
}

}  // namespace simrun::trainings
