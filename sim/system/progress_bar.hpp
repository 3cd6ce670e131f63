#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>

namespace simrun {

/// How far long work is.
struct WorkDone {
  std::size_t done = 0;  ///< failed ones included
  std::size_t total = 0;
  std::size_t failed = 0;
  std::size_t before = 0;  ///< of those done, how many were done when the work began
  std::string note = {};   ///< how it stands, at the end of the line
};

/// "points [===   ] 30/60, 2 failed, 1.5/s, 20 s left" after so many seconds. What is left is told once something is
/// done.
std::string progress_line(const std::string& what, const WorkDone& work, double seconds);

/// A bar on stderr for long work: shown only on a terminal, and not before a second has gone by. Elsewhere it may be a
/// line now and then.
class ProgressBar {
 public:
  /// `between_lines`: seconds from one line to the next where there is no terminal; none: no lines.
  explicit ProgressBar(std::string what, std::optional<double> between_lines = std::nullopt);
  ~ProgressBar();

  /// May be called from several threads.
  void show(const WorkDone& work);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  std::optional<double> between_lines_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_ = started_;
  std::mutex mutex_;
};

}  // namespace simrun
