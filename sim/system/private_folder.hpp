#pragma once

#include <ctime>
#include <string>
#include <vector>

#include "sim/text/open_file.hpp"

namespace simrun {

/// A folder that is this user's alone to write, kept open, so that whatever is done in it is done in it whatever
/// happens to its name. Nothing in it is followed: links are no files.
class PrivateFolder {
 public:
  /// Of a folder in the path `below`.
  enum class Place { above, last };

  /// Not open.
  PrivateFolder() = default;

  /// Opens the folder `below` (like "simrun/payloads") of `root`, which is the user's choice. Every folder of `below`
  /// must be one and no link, this user's, and writable by nobody else; those that are missing are made so, and
  /// `root`, too. Where that cannot be, `problem()` says why, and nothing was written into what is not the user's.
  PrivateFolder(const std::string& root, const std::string& below);

  bool is_open() const { return static_cast<bool>(folder_); }
  const std::string& problem() const { return problem_; }

  /// A regular file of this user's that nobody else may write, opened to be read; else none.
  OpenFile open(const std::string& name) const;

  /// True if anything has that name.
  bool has(const std::string& name) const;

  /// A new file of this user's; none where something has its name.
  OpenFile make(const std::string& name) const;

  /// Puts a file in the place of another.
  bool rename(const std::string& from, const std::string& to) const;
  bool remove(const std::string& name) const;

  struct File {
    std::string name;
    double bytes = 0;
    std::timespec used = {};  ///< when it was written, or marked as used
  };

  /// The regular files of this user's, in no order.
  std::vector<File> files() const;

  /// Bytes that the disk has free; 0 where that is not known.
  double free_space() const;

 private:
  void enter(const std::string& name, const std::string& path, Place place);

  OpenFile folder_;
  std::string problem_;
};

/// Notes that an open file was used now.
void mark_used(const OpenFile& file);

}  // namespace simrun
