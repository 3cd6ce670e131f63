#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"

namespace simrun {

/// Finished points on disk, a file each, named by the point's key: what a run that ended early has done stays, and
/// points of another study are never taken for this one's. Any number of processes may share the folder.
class PointStore {
 public:
  /// `keys` of the study's points (point_keys). Neither reads nor writes.
  PointStore(std::string folder, std::vector<std::string> keys) : folder_(std::move(folder)), keys_(std::move(keys)) {}

  const std::string& folder() const { return folder_; }
  const std::vector<std::string>& keys() const { return keys_; }

  /// By point; none where there is no regular file, or one that is damaged. A folder that is not there holds nothing.
  std::vector<std::optional<PointResult>> read() const;

  /// Throws InputError where a folder or a pipe has the name of a point's file, before a run has worked for nothing.
  void check() const;

  /// Writes down the result of a point that has times. Throws WriteError.
  void keep(std::size_t point, const PointResult& result) const;

  /// Removes every file that is not a point of this study.
  void remove_others() const;

 private:
  std::string folder_;
  std::vector<std::string> keys_;
};

}  // namespace simrun
