#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace simrun {

/// A mistake in what the user gave us. what() is the one line that main prints before it exits with 2:
/// `FILE: PATH: what is wrong; what is accepted`.
class InputError : public std::runtime_error {
 public:
  InputError(std::string_view file, std::string_view path, std::string_view wrong, std::string_view accepted);

  const std::string& file() const { return file_; }
  const std::string& path() const { return path_; }

  /// The same mistake, reported at another path of the same file.
  InputError at(std::string_view path) const { return InputError(file_, path, wrong_, accepted_); }

  /// The same mistake where more is accepted.
  InputError accepting(std::string_view accepted) const { return InputError(file_, path_, wrong_, accepted); }

  /// As one string and back, to pass from a child process to its parent.
  std::string serialised() const;
  static InputError deserialise(const std::string& text);

 private:
  std::string file_;
  std::string path_;
  std::string wrong_;
  std::string accepted_;
};

}  // namespace simrun
