#include "sim/error.hpp"

#include <algorithm>
#include <array>

namespace simrun {
namespace {

/// Bytes of the UTF-8 character at the front of `text`; 0 if there is none.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t length = byte(0) < 0x80       ? 1
                             : byte(0) >> 5 == 6  ? 2
                             : byte(0) >> 4 == 14 ? 3
                             : byte(0) >> 3 == 30 ? 4
                                                  : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return 0;
  }
  return length;
}

/// What users wrote may hold line ends, control characters and bytes that are no text: the message stays one line that
/// a terminal can show.
std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (length == 0 || first < 0x20 || first == 0x7f) {
      line += '?';
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return line;
}

}  // namespace

InputError::InputError(std::string_view file, std::string_view path, std::string_view wrong, std::string_view accepted)
    : std::runtime_error(one_line(std::string(file) + ": " + std::string(path) + ": " + std::string(wrong) + "; " +
                                  std::string(accepted))),
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
