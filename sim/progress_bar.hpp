#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

namespace simrun {

/// A bar on stderr for long work: shown only on a terminal, and not before a second has gone by.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ~ProgressBar();

  /// May be called from several threads.
  void show(std::size_t done, std::size_t total);

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_;
  std::mutex mutex_;
};

}  // namespace simrun
