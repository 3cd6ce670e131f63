#pragma once

#include <cstddef>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

namespace simrun {

/// One of several processes that go through the cases of a test together.
struct Share {
  std::size_t number = 1;  ///< 1 to count
  std::size_t count = 1;

  /// Whether a case, one of 0 to `cases` - 1, is this share's. The cases of a share follow one another; every case is
  /// one share's.
  bool has(std::size_t index, std::size_t cases) const { return index * count / cases == number - 1; }
};

/// Reads "I/N". Throws std::invalid_argument.
inline Share read_share(const std::string& text) {
  Share share;
  char slash = 0;
  std::istringstream in(text);
  const bool is_read =
      in >> share.number >> slash >> share.count && in.peek() == std::istringstream::traits_type::eof();
  if (!is_read || slash != '/' || share.number < 1 || share.number > share.count)
    throw std::invalid_argument("SIMRUN_SHARE is \"" + text + "\"; accepted: I/N with I from 1 to N, like 1/8");
  return share;
}

/// Of the environment variable SIMRUN_SHARE, like 3/8: the third of eight. All cases where it is not set.
inline Share share_of_this_process() {
  const char* text = std::getenv("SIMRUN_SHARE");
  return text == nullptr ? Share() : read_share(text);
}

}  // namespace simrun
