#pragma once

#include <map>
#include <string>

#include "sim/scenario/scenario.hpp"
#include "sim/training/dataset.hpp"

namespace simrun {

/// The data sets of a study by folder, each read once.
class Datasets {
 public:
  struct Entry {
    Dataset data;
    std::string digest;  ///< of the contents
  };

  /// The one that the scenario's training names. Throws InputError.
  const Entry& of(const Scenario& scenario);

  /// All that were read, by folder.
  const std::map<std::string, Entry>& all() const { return entries_; }

 private:
  std::map<std::string, Entry> entries_;
};

}  // namespace simrun
