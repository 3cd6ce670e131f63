#pragma once

#include <stdexcept>
#include <string>

namespace simrun {

/// A file that could not be written: which one and why.
struct WriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Puts a file into place at once, so that nobody ever sees half of it, whoever else writes it. Throws WriteError.
void write_file(const std::string& file, const std::string& text);

/// Removes what processes that were killed while they wrote have left in the folder.
void remove_leftovers(const std::string& folder);

}  // namespace simrun
