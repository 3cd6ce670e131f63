#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"
#include "sim/study/sealed_records.hpp"

namespace simrun {

/// Where finished points are kept in a results folder.
inline std::string folder_of_points(const std::string& results) {
  return results + "/points";
}

/// Finished points on disk, by their keys.
class PointStore {
 public:
  /// `keys` of the study's points (point_keys). Neither reads nor writes.
  PointStore(std::string folder, std::vector<std::string> keys) : records_(std::move(folder), std::move(keys)) {}

  const std::string& folder() const { return records_.folder(); }
  const std::vector<std::string>& keys() const { return records_.keys(); }

  /// By point; none where there is no record, or one that is damaged. A folder that is not there holds nothing.
  std::vector<std::optional<PointResult>> read() const;

  /// Writes down the result of a point that has times. Throws WriteError.
  void keep(std::size_t point, const PointResult& result) const;

  /// Removes all that is not a point of this study (SealedRecords).
  void remove_others() const { records_.remove_others(); }

 private:
  SealedRecords records_;
};

}  // namespace simrun
