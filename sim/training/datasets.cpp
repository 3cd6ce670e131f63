#include "sim/training/datasets.hpp"

#include <filesystem>
#include <span>

#include "sim/system/digest.hpp"

namespace simrun {

const Datasets::Entry& Datasets::of(const Scenario& scenario) {
  const Where where{scenario.file, "training.data"};
  const std::string beside = std::filesystem::path(scenario.file).parent_path().string();
  const std::string folder = find_dataset(scenario.training->data, beside, where);
  const auto [known, is_new] = entries_.try_emplace(folder);
  if (is_new) {
    known->second.data = read_dataset(folder, where);
    DigestStream contents;
    for (const Samples* samples : {&known->second.data.train, &known->second.data.test}) {
      contents.add(std::as_bytes(std::span(samples->pixels)));
      contents.add(std::as_bytes(std::span(samples->labels)));
    }
    known->second.digest = hexadecimal(contents.digest());
  }
  return known->second;
}

}  // namespace simrun
