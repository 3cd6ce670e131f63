#include "sim/system/progress_bar.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// In whole units that suit its size.
std::string duration(double seconds) {
  const auto text = [](double count, const char* unit) {
    return std::to_string(static_cast<long long>(std::ceil(count))) + unit;
  };
  if (seconds <= 120) return text(seconds, " s");
  return seconds <= 7200 ? text(seconds / 60, " min") : text(seconds / 3600, " h");
}

}  // namespace

std::string progress_line(const std::string& what, const WorkDone& work, double seconds) {
  constexpr std::size_t width = 30;
  const std::size_t filled = width * work.done / work.total;
  std::string line = what + " [" + std::string(filled, '=') + std::string(width - filled, ' ') + "] " +
                     std::to_string(work.done) + "/" + std::to_string(work.total);
  if (work.failed > 0) line += ", " + std::to_string(work.failed) + " failed";
  const std::string end = work.note.empty() ? "" : ", " + work.note;
  if (work.done == work.before) return line + end;
  const double rate = static_cast<double>(work.done - work.before) / seconds;
  return line + fmt::format(", {:.{}f}/s, ", rate, rate < 10 ? 1 : 0) +
         duration(static_cast<double>(work.total - work.done) / rate) + " left" + end;
}

ProgressBar::ProgressBar(std::string what, std::optional<double> between_lines)
    : what_(std::move(what)), between_lines_(between_lines), terminal_(::isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressBar::show(const WorkDone& work) {
  if (!terminal_ && !between_lines_) return;
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> elapsed = now - started_;
  const std::chrono::duration<double> since_last = now - last_;
  if (elapsed.count() < 1 || since_last.count() < (terminal_ ? 0.1 : *between_lines_)) return;
  last_ = now;
  const std::string line = progress_line(what_, work, elapsed.count());
  if (!terminal_) return say(line);
  drawn_ = true;
  std::fprintf(stderr, "\r\033[K%s", visible(line).c_str());
  std::fflush(stderr);
}

}  // namespace simrun
