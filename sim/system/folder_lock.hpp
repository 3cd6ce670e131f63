#pragma once

#include <string>

namespace simrun {

/// Makes a results folder unless it is there. Throws InputError where that cannot be, or where it cannot be written.
void make_folder(const std::string& folder);

/// Keeps other runs out of a results folder. The lock goes with the process, however it ends; its child processes do
/// not have it.
class FolderLock {
 public:
  enum class Kind {
    alone,   ///< nobody else may have a lock
    shared,  ///< others may share it
  };

  /// Throws InputError where another process is in the way, or the folder cannot be written; `instead`: what to do
  /// then. On a file system without locks nothing is kept out.
  FolderLock(const std::string& folder, Kind kind, const std::string& instead = "a folder of its own");
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// False on a file system without locks.
  bool is_held() const { return is_held_; }

  /// True for a folder in which a lock was once made.
  static bool was_made_in(const std::string& folder);

 private:
  int file_;
  bool is_held_;
};

}  // namespace simrun
