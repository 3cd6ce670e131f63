#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/sealed_files.hpp"
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

/// Groups that were searched for, on disk, a file each, named by the key of the point that asks for the search.
class GroupStore {
 public:
  /// Neither reads nor writes.
  GroupStore(std::string folder, std::vector<std::string> keys) : files_(std::move(folder), std::move(keys)) {}

  const std::string& folder() const { return files_.folder(); }

  /// By key; none where there is no regular file, or one that is damaged.
  std::vector<std::optional<Grouping::Explicit>> read() const;

  /// Throws InputError where a folder or a pipe has the name of a file.
  void check() const { files_.check(); }

  /// Writes down what was found, by key. Throws WriteError.
  void keep(const std::vector<Grouping::Explicit>& groups) const;

  /// Removes every file that belongs to no key, and then the folder if it is empty.
  void remove_others() const;

 private:
  SealedFiles files_;
};

}  // namespace simrun
