#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sim/text/error.hpp"

namespace simrun {

/// A place in a JSON file, for messages.
struct Where {
  std::string file;
  std::string path;

  Where operator/(std::string_view key) const {
    const std::string shown = key.empty() ? "\"\"" : std::string(key);
    return {file, path.empty() ? shown : path + "." + shown};
  }
  Where operator/(std::size_t index) const { return *this / std::to_string(index); }
  [[noreturn]] void fail(std::string_view wrong, std::string_view accepted) const;
};

}  // namespace simrun
