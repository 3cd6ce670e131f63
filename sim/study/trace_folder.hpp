#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/scenario/sweep.hpp"
#include "sim/study/trace.hpp"

namespace simrun {

/// The traces of a study, one file a point: its row, method and M are in the name, its key in the file.
class TraceFolder {
 public:
  /// `keys` of the study's points (point_keys). Neither reads nor writes. The study outlives this.
  TraceFolder(std::string folder, const Study& study, std::vector<std::string> keys)
      : folder_(std::move(folder)), study_(study), keys_(std::move(keys)) {}

  const std::string& folder() const { return folder_; }

  /// True if the point's trace is there.
  bool has(std::size_t point) const;

  /// Writes the trace of a point, whose times have spans. Throws WriteError.
  void write(std::size_t point, const Times& times) const;

  /// Removes every file that is not a trace of this study, and then the folder if it is empty.
  void remove_others() const;

 private:
  std::string name(std::size_t point) const;

  std::string folder_;
  const Study& study_;
  std::vector<std::string> keys_;
};

}  // namespace simrun
