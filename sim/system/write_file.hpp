#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace simrun {

/// A file that could not be written: which one and why.
struct WriteError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Puts a file into place at once, so that nobody ever sees half of it, whoever else writes it. Throws WriteError.
void write_file(const std::string& file, const std::string& text);

/// Appends to a file that no other process writes to, or makes it. It is left as it was where that fails; a process
/// that is killed meanwhile may leave a part of the text. Throws WriteError.
void append_to_file(const std::string& file, std::string_view text);

/// Removes what processes that were killed while they wrote have left in the folder.
void remove_leftovers(const std::string& folder);

}  // namespace simrun
