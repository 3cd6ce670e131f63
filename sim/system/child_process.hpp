#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "sim/text/error.hpp"

namespace simrun {

/// A child process that ended without a result.
struct ChildFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Runs `work` in a child process and returns what it returned. Throws InputError where the child did, ChildFailure
/// where it threw anything else or crashed.
std::string run_in_child(const std::function<std::string()>& work);

/// How a process ended that has this status, with the last line of what it printed to a file: "ended by signal:
/// Killed", "ended with status 1 (out of memory)".
std::string describe_end(int status, int printed);

/// Child processes side by side.
class ChildPool {
 public:
  struct Result {
    std::size_t task = 0;
    std::optional<std::string> output;      ///< what the work returned
    std::string failure;                    ///< why there is no output
    std::optional<InputError> input_error;  ///< if that is a mistake of the user's
  };

  ChildPool() = default;
  ChildPool(const ChildPool&) = delete;
  ChildPool& operator=(const ChildPool&) = delete;
  ~ChildPool();  ///< ends children that still run

  /// Starts a child that runs `work` for task number `task`. What it prints is kept from the terminal; the last line
  /// goes into the failure if it crashes.
  void start(std::size_t task, const std::function<std::string()>& work);

  /// Waits until one child is done.
  Result wait();

  std::size_t running() const { return children_.size(); }

 private:
  struct Child {
    std::size_t task;
    int pid;
    int printed;  ///< file of what the child printed
    std::string bytes;
  };
  Result collect(int pipe);

  std::map<int, Child> children_;  ///< by the pipe that the result comes through
};

}  // namespace simrun
