#pragma once

#include <vector>

#include "sim/training/trainer.hpp"
#include "tests/sim/studies.hpp"
#include "tests/sim/training/images.hpp"

/// Trainings of small models on made images, to be tested.
namespace simrun::trainings {

using nlohmann::json;

/// 12 rounds of a model of 2984 parameters by one method; with a hierarchy on hosts of two.
json mlp(std::size_t workers, const json& method);

/// A scenario, its data, and trainers of it.
class Bench {
 public:
  explicit Bench(const json& scenario) : study_(study_of(scenario, folder_)) {}

  const Scenario& scenario() const { return study_.points.front().scenario; }
  const Dataset& data() const { return data_; }

  /// Rounds take one second on the first clock, three on the second.
  Trainer trainer(unsigned threads = 1, std::uint64_t seed = 1) const;

 private:
  TemporaryFolder folder_;
  Study study_;
  Dataset data_ = made_dataset();
};

/// The parameters at the end.
std::vector<float> trained(const json& scenario, unsigned threads = 1);

/// The largest difference of two vectors of one size over the largest element of the second.
double difference(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace simrun::trainings
