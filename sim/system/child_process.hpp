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

/// Child processes side by side. A child takes one task after another for as long as it is given some.
class ChildPool {
 public:
  /// Returns what comes of a task.
  using Work = std::function<std::string(std::size_t task)>;

  struct Result {
    std::size_t task = 0;
    std::optional<std::string> output;      ///< what the work returned
    std::string failure;                    ///< why there is no output
    std::optional<InputError> input_error;  ///< if that is a mistake of the user's
    std::optional<int> child;               ///< that waits for another task; none: it has ended, as it does by failing
  };

  ChildPool() = default;
  ChildPool(const ChildPool&) = delete;
  ChildPool& operator=(const ChildPool&) = delete;
  ~ChildPool();  ///< ends children that still run

  /// Starts a child that does `work` for task number `task`. What it prints is kept from the terminal; the last line
  /// goes into the failure if it crashes.
  void start(std::size_t task, const Work& work);

  /// Gives a child that waits for it another task.
  void go_on(int child, std::size_t task);

  /// Ends a child that waits for a task.
  void end(int child);

  /// Waits until one child is done with its task. All children have one: what waited went on or was ended.
  Result wait();

  /// Children that are there, those that wait included.
  std::size_t running() const { return children_.size(); }

 private:
  struct Child {
    std::size_t task;
    int pid;
    int printed;        ///< file of what the child printed
    std::string bytes;  ///< of its answer, so far
  };
  std::optional<Result> receive(int socket);
  Result give_up(int socket);
  int bury(int socket);

  std::map<int, Child> children_;  ///< by the socket through which tasks go and answers come
};

}  // namespace simrun
