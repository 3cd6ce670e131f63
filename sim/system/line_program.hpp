#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "sim/text/open_file.hpp"

namespace simrun {

/// Another program that answers lines with lines, on its standard input and output; it reads a line to its end before
/// it answers. It has a process group of its own, so that Ctrl-C does not reach it, and its input ends when this
/// process does. Used by one thread.
class LineProgram {
 public:
  /// Starts it; where its name has no slash it is looked for on the PATH. What it prints on standard error is kept from
  /// the terminal. Throws ChildFailure where it cannot be started.
  explicit LineProgram(std::vector<std::string> arguments);
  LineProgram(const LineProgram&) = delete;
  LineProgram& operator=(const LineProgram&) = delete;
  ~LineProgram();  ///< ends it

  /// Its next line, without the newline. Throws ChildFailure where it ended instead: how, and what it printed last.
  std::string hear();

  /// What it says to a line.
  std::string ask(const std::string& line);

 private:
  [[noreturn]] void fail_ended();

  OpenFile talk_;
  OpenFile printed_;
  pid_t pid_ = -1;
  std::string heard_;  ///< of lines to come
};

}  // namespace simrun
