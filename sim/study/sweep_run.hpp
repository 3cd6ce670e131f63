#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/study/experiment.hpp"
#include "sim/study/group_store.hpp"
#include "sim/study/point_store.hpp"
#include "sim/study/shard.hpp"
#include "sim/study/trace_folder.hpp"
#include "sim/system/folder_lock.hpp"
#include "sim/system/interruption.hpp"

namespace simrun {

struct SweepOptions {
  std::string out;             ///< results folder
  unsigned jobs = 1;           ///< points side by side
  std::optional<Shard> shard;  ///< none: all points
  bool fresh = false;          ///< runs points again that the folder has
  bool merge = false;          ///< runs none
  bool trace = false;
  bool break_even = false;  ///< searches for break-evens that have no closed form
  FoundGroups found = {};   ///< to be kept in the folder, so that a run that goes on need not search again
};

/// Does a study in a results folder: takes over the points that are there, runs the others and puts each there as soon
/// as it is done.
class SweepRun {
 public:
  /// The study outlives this. Throws InputError where another run is in the way.
  SweepRun(const Study& study, SweepOptions options);

  /// Runs what is missing of this run's points, then, once all are there, searches for break-evens. Throws InputError
  /// before it has written anything, or WriteError.
  void run();

  /// By point, with the break-evens that were asked for; those that failed, and those that other shards have not done
  /// yet, have no times.
  const std::vector<PointResult>& results() const { return results_; }

  std::size_t done() const;                                 ///< points of the whole study that are there
  std::size_t taken_over() const { return done() - ran_; }  ///< of these, not run by this run
  std::size_t failed() const { return failed_; }
  bool is_complete() const { return done() == results_.size(); }

  /// What users should know of how it went. One line each.
  const std::vector<std::string>& notes() const { return notes_; }

  /// Removes what other studies and killed runs have left in the folder, unless somebody else may be at work there.
  void tidy_up() const;

 private:
  void lock();
  void take_over();
  std::vector<std::size_t> missing() const;
  void open_folder();
  void add(std::size_t point, PointResult result);
  std::vector<std::size_t> without_closed_form() const;
  PointStore break_evens(const std::vector<std::size_t>& points) const;
  void search_break_evens();

  const Study& study_;
  SweepOptions options_;
  std::vector<std::string> keys_;   ///< by point
  std::vector<std::size_t> share_;  ///< the points that are this run's to do
  PointStore store_;
  GroupStore groups_;
  TraceFolder traces_;
  std::vector<PointResult> results_;
  std::size_t ran_ = 0;
  std::size_t failed_ = 0;
  std::vector<std::string> notes_;
  std::optional<FolderLock> lock_;
  std::optional<InterruptionNotice> notice_;
};

}  // namespace simrun
