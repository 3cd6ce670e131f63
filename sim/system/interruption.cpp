#include "sim/system/interruption.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

// A signal handler reaches nothing else.
std::atomic<const std::string*> notice = nullptr;
std::atomic<int> noted = 0;

extern "C" void end_process(int signal) {
  // Only what may be called in a handler. The children end with the process.
  if (const std::string* text = notice.load()) [[maybe_unused]]
    const auto written = ::write(STDERR_FILENO, text->data(), text->size());
  ::_exit(128 + signal);
}

extern "C" void note_signal(int signal) {
  noted = signal;
  ::signal(signal, SIG_DFL);
}

/// Where a signal is ignored, as in a shell's background jobs, it stays so.
void on_interruption(void (*handler)(int)) {
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = handler;
    ::sigaction(signal, &action, nullptr);
  }
}

}  // namespace

InterruptionNotice::InterruptionNotice(const std::string& line)
    : text_((::isatty(STDERR_FILENO) != 0 ? "\r\033[K" : "") + visible(line) + "\n") {
  notice = &text_;
  on_interruption(end_process);
}

InterruptionNotice::~InterruptionNotice() {
  forget();
}

void InterruptionNotice::forget() {
  on_interruption(SIG_DFL);
  notice = nullptr;
}

InterruptionWatch::InterruptionWatch() {
  noted = 0;
  on_interruption(note_signal);
}

InterruptionWatch::~InterruptionWatch() {
  on_interruption(SIG_DFL);
}

int InterruptionWatch::signal() const {
  return noted;
}

}  // namespace simrun
