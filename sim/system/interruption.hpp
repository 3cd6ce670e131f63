#pragma once

#include <string>

namespace simrun {

/// While it lives, Ctrl-C and SIGTERM end the process at once with status 128 plus the signal's number (130, 143), and
/// one line on stderr. One at a time.
class InterruptionNotice {
 public:
  explicit InterruptionNotice(const std::string& line);
  ~InterruptionNotice();
  InterruptionNotice(const InterruptionNotice&) = delete;
  InterruptionNotice& operator=(const InterruptionNotice&) = delete;

  /// From now on signals end the process as they end any other: for child processes, which say nothing.
  static void forget();

 private:
  std::string text_;
};

/// While it lives, Ctrl-C and SIGTERM are noted for whoever looks between two steps of his work; a second one ends the
/// process as it ends any other. One at a time.
class InterruptionWatch {
 public:
  InterruptionWatch();
  ~InterruptionWatch();
  InterruptionWatch(const InterruptionWatch&) = delete;
  InterruptionWatch& operator=(const InterruptionWatch&) = delete;

  /// The signal that came; 0 if none did.
  int signal() const;
};

}  // namespace simrun
