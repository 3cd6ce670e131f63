#pragma once

#include <string>

namespace simrun {

/// What zlib makes of `data` at a level of compression; `window`: -15 for a bare stream, 15 + 16 for a gzip file.
std::string deflated(const std::string& data, int level, int window);

}  // namespace simrun
