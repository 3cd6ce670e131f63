#include "sim/progress_bar.hpp"

#include <unistd.h>

#include <cstdio>

namespace simrun {

ProgressBar::ProgressBar(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(std::size_t done, std::size_t total) {
  if (!terminal_) return;
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> elapsed = now - started_;
  if (elapsed.count() < 1 || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  drawn_ = true;
  constexpr std::size_t width = 30;
  const std::size_t filled = width * done / total;
  const double left = elapsed.count() * static_cast<double>(total - done) / static_cast<double>(done);
  std::fprintf(stderr, "\r\033[K%s [%s%s] %zu/%zu, %.0f s left", what_.c_str(), std::string(filled, '=').c_str(),
               std::string(width - filled, ' ').c_str(), done, total, left);
  std::fflush(stderr);
}

}  // namespace simrun
