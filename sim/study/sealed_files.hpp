#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/text/json_value.hpp"

namespace simrun {

/// Results on disk, a file each, named by a key that is the digest of all that the result depends on: what a run that
/// ended early has done stays, and results of something else are never taken for its own. Each file is sealed. Any
/// number of processes may share the folder.
class SealedFiles {
 public:
  /// Neither reads nor writes.
  SealedFiles(std::string folder, std::vector<std::string> keys) : folder_(std::move(folder)), keys_(std::move(keys)) {}

  const std::string& folder() const { return folder_; }
  const std::vector<std::string>& keys() const { return keys_; }

  /// By key; none where there is no regular file, or one that is damaged. A folder that is not there holds nothing.
  std::vector<std::optional<JsonValue>> read() const;

  /// Throws InputError where a folder or a pipe has the name of a file, before a run has worked for nothing.
  void check() const;

  /// Writes down the result of a key, by number. Throws WriteError.
  void keep(std::size_t number, const JsonValue& result) const;

  /// Removes every file that belongs to no key; returns how many.
  std::size_t remove_others() const;

 private:
  std::string folder_;
  std::vector<std::string> keys_;
};

}  // namespace simrun
