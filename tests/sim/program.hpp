#pragma once

#include <map>
#include <string>
#include <vector>

namespace simrun {

/// A temporary folder, gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

  /// Writes a file into the folder; returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

struct Ended {
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs the simrun program with these arguments (as a shell reads them) in a folder; `before` is run by the shell first
/// ("ulimit -v 100000").
Ended run_program(const std::string& arguments, const std::string& folder, const std::string& before = "true");

std::string read_file(const std::string& file);

/// Text whose lines that go on with the one before, as those of a table's heading do, are one with it.
std::string unwrapped(const std::string& text);

/// Rows of a CSV text, by column.
std::vector<std::map<std::string, std::string>> parse_csv(const std::string& text);

/// The number in a cell.
double number(const std::map<std::string, std::string>& row, const std::string& column);

}  // namespace simrun
