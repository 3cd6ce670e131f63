#pragma once

#include <vector>

#include "sim/training/exchange.hpp"
#include "tests/sim/studies.hpp"

/// Exchanges of the gradients of a few workers, to be tested.
namespace simrun::exchanges {

using nlohmann::json;

constexpr std::size_t workers = 6;
constexpr std::size_t N = 1000;  ///< of the tiny model

/// The tiny scenario, with training by one method.
json trained_scenario(const json& method, const json& grouping = "model");

/// By worker. Whole numbers, which fp32 adds exactly.
std::vector<std::vector<float>> gradients(unsigned seed);

/// Sums over rounds, by element.
struct Totals {
  std::vector<double> given;   ///< gradients of all workers
  std::vector<double> agreed;  ///< M times what they agreed on
};

/// The exchange of a scenario with one method.
class Bench {
 public:
  explicit Bench(const json& scenario)
      : study_(study_of(scenario, folder_)), exchange_(study_.points.front().scenario, 2) {}

  GradientExchange& operator*() { return exchange_; }
  GradientExchange* operator->() { return &exchange_; }

  /// What the workers agree on with these gradients, which are as many as there are workers at least.
  std::vector<float> agreed_on(const std::vector<std::vector<float>>& gradients);

  /// So many rounds, each with gradients of its own.
  Totals run(unsigned rounds);

 private:
  TemporaryFolder folder_;
  Study study_;
  GradientExchange exchange_;
};

}  // namespace simrun::exchanges
