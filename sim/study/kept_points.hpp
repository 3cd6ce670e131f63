#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"
#include "sim/system/folder_lock.hpp"

namespace simrun {

/// Points that are simulated when they are asked for. What is done stays in a folder, if there is one, so that neither
/// this process nor a later one simulates it again.
class KeptPoints {
 public:
  /// `results`: a folder where they are kept, made when there is something to keep, and locked from then on; empty:
  /// they are not. Throws InputError where another process is at work there.
  KeptPoints(std::string results, unsigned jobs);

  /// What comes out for each point of the study; points that failed say why. `what` stands before the progress bar;
  /// empty: none is shown. Throws InputError and WriteError.
  std::vector<PointResult> run(const Study& study, const char* what = "");

  /// The times of `point` with the longest encoding with which its iteration takes as long as `share` of the other's
  /// (search_break_even); none where it encodes for no time.
  std::optional<Times> at_break_even(const Point& point, const Point& other, double share);

  std::size_t simulated() const { return simulated_; }    ///< points by this object
  std::size_t taken_over() const { return taken_over_; }  ///< that were there

 private:
  void open_folder();

  std::string results_;
  std::string folder_;  ///< in it
  std::optional<FolderLock> lock_;
  unsigned jobs_;
  PayloadCache cache_ = PayloadCache::of_user();
  KnownSizes sizes_;
  std::set<std::string> own_;  ///< keys of points that were simulated or taken over, so that each counts once
  std::size_t simulated_ = 0;
  std::size_t taken_over_ = 0;
};

}  // namespace simrun
