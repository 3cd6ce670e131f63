#include "sim/text/where.hpp"

namespace simrun {

void Where::fail(std::string_view wrong, std::string_view accepted) const {
  throw InputError(file, path.empty() ? "file" : path, wrong, accepted);
}

}  // namespace simrun
