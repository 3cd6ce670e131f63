#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/simulation/simulation.hpp"
#include "tests/sim/program.hpp"

namespace simrun {

constexpr double ms = 1e-3;  ///< s

/// Entries of `methods` that keep ten entries.
inline const nlohmann::json top_k = {{"name", "top-k"}, {"k", 10}};
inline const nlohmann::json gtop_k = {{"name", "gtop-k"}, {"k", 10}};

/// Two parameter tensors, 10 ms of computing, four workers, no methods.
nlohmann::json tiny_scenario();

/// The scenario on hosts of so many GPUs.
nlohmann::json on_hosts(nlohmann::json scenario, int gpus);

/// The records of all segments in a folder, in order of the segments' names.
std::vector<nlohmann::json> records_in(const std::string& folder);

/// The study of a scenario that is written to the folder as s.json.
Study study_of(const nlohmann::json& scenario, const TemporaryFolder& folder);

/// What the simulation of a scenario with one method gives; `change` is given its setup first.
Times times_of(const nlohmann::json& scenario, const std::function<void(Setup&)>& change = {});

}  // namespace simrun
