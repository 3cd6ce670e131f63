#include "sim/text/error.hpp"

#include <algorithm>
#include <array>

#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

/// What users wrote may be long and hold anything: the message stays one line that a terminal can show.
std::string one_line(std::string_view file, std::string_view path, std::string_view wrong, std::string_view accepted) {
  return visible(shortened(file, 1000) + ": " + shortened(path, 400) + ": " + shortened(wrong, 1000) + "; " +
                 shortened(accepted, 4000));
}

}  // namespace

InputError::InputError(std::string_view file, std::string_view path, std::string_view wrong, std::string_view accepted)
    : std::runtime_error(one_line(file, path, wrong, accepted)),
      file_(file),
      path_(path),
      wrong_(wrong),
      accepted_(accepted) {}

std::string InputError::serialised() const {
  std::string text;
  for (const std::string& part : {file_, path_, wrong_, accepted_}) text += part + '\0';
  return text;
}

InputError InputError::deserialise(const std::string& text) {
  std::array<std::string, 4> parts;
  std::size_t begin = 0;
  for (std::string& part : parts) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    part = text.substr(begin, end - begin);
    begin = std::min(end + 1, text.size());
  }
  return InputError(parts[0], parts[1], parts[2], parts[3]);
}

}  // namespace simrun
