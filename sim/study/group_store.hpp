#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/sealed_records.hpp"
#include "sim/workload/schedule.hpp"

namespace simrun {

/// Groups that were searched for, by the keys of the points that ask for the search.
struct FoundGroups {
  std::vector<std::string> keys;
  std::vector<Grouping::Explicit> groups;
};

/// Where groups that were searched for are kept in a results folder.
inline std::string folder_of_groups(const std::string& results) {
  return results + "/groups";
}

/// Groups that were searched for, on disk, by the keys of the points that ask for the search.
class GroupStore {
 public:
  /// Neither reads nor writes.
  GroupStore(std::string folder, std::vector<std::string> keys) : records_(std::move(folder), std::move(keys)) {}

  const std::string& folder() const { return records_.folder(); }

  /// By key; none where there is no record, or one that is damaged.
  std::vector<std::optional<Grouping::Explicit>> read() const;

  /// Writes down what was found, by key, where it is not there. Throws WriteError.
  void keep(const std::vector<Grouping::Explicit>& groups) const;

  /// Removes all that belongs to no key (SealedRecords), and then the folder if it is empty.
  void remove_others() const;

 private:
  SealedRecords records_;
};

}  // namespace simrun
