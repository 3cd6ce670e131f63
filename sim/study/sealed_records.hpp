#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "sim/text/json_value.hpp"

namespace simrun {

/// Results on disk under keys, each the digest of all that a result depends on: what a run that ended early has done
/// stays, and results of something else are never taken for its own.
///
/// A record is a line with a key, a seal and a result. A seal ties a result to its key, so that a line which was
/// damaged, or not written to its end, is known and counts as missing. Records are appended to segments: each process
/// has one of its own in the folder, so any number of them may share it. Versions before 0.4 wrote a file a record,
/// named by its key; these are read, too.
class SealedRecords {
 public:
  using OnResult = std::function<void(std::size_t number, const JsonValue& result)>;

  /// Neither reads nor writes.
  SealedRecords(std::string folder, std::vector<std::string> keys)
      : folder_(std::move(folder)), keys_(std::move(keys)) {}

  const std::string& folder() const { return folder_; }
  const std::vector<std::string>& keys() const { return keys_; }

  /// Hands over the results of these keys, by number. A folder that is not there holds nothing.
  void read(const OnResult& on_result) const;

  /// Appends the result of a key, by number. Throws WriteError.
  void keep(std::size_t number, const JsonValue& result) const;

  /// Leaves one segment, with the records of these keys, while no other process writes; returns how many files that
  /// took away. Without room for it all stays as it is.
  std::size_t remove_others() const;

 private:
  std::string folder_;
  std::vector<std::string> keys_;
};

/// Copies records from some folders to another, but those whose keys it has, in time linear in the records. What was
/// killed goes on when it is done again. Throws WriteError.
void join_records(const std::vector<std::string>& from, const std::string& to);

}  // namespace simrun
