#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"
#include "sim/study/sealed_files.hpp"

namespace simrun {

/// Finished points on disk, a file each, named by the point's key.
class PointStore {
 public:
  /// `keys` of the study's points (point_keys). Neither reads nor writes.
  PointStore(std::string folder, std::vector<std::string> keys) : files_(std::move(folder), std::move(keys)) {}

  const std::string& folder() const { return files_.folder(); }
  const std::vector<std::string>& keys() const { return files_.keys(); }

  /// By point; none where there is no regular file, or one that is damaged. A folder that is not there holds nothing.
  std::vector<std::optional<PointResult>> read() const;

  /// Throws InputError where a folder or a pipe has the name of a point's file, before a run has worked for nothing.
  void check() const { files_.check(); }

  /// Writes down the result of a point that has times. Throws WriteError.
  void keep(std::size_t point, const PointResult& result) const;

  /// Removes every file that is not a point of this study.
  void remove_others() const { files_.remove_others(); }

 private:
  SealedFiles files_;
};

}  // namespace simrun
