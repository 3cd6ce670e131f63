#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/training/trainer.hpp"

namespace simrun {

/// Training runs on disk, named by keys that tell all that they depend on: what was finished, and the state of what was
/// not.
class RunStore {
 public:
  explicit RunStore(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }

  /// The rows of a finished run, of one that overflowed as many as it has; none where there is no file, or one that is
  /// damaged.
  std::optional<std::vector<CurvePoint>> finished(const std::string& key) const;

  /// The state of a run that has begun, likewise.
  std::optional<std::string> state(const std::string& key) const;

  /// Throws WriteError.
  void keep_state(const std::string& key, const std::string& state) const;

  /// The same for a run that is done. Throws WriteError.
  void keep_finished(const std::string& key, const std::vector<CurvePoint>& curve) const;

  /// Of a run that is done.
  void drop_state(const std::string& key) const;

  /// Once all are: what a kill at a bad moment or another set of runs has left.
  void drop_states() const;

 private:
  std::string file(const std::string& key, const char* ending) const { return folder_ + "/" + key + ending; }

  std::string folder_;
};

}  // namespace simrun
