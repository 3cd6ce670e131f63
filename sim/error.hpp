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
};

}  // namespace simrun
