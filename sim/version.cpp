#include "sim/version.hpp"

#include <fstream>
#include <iterator>
#include <span>

#include "sim/digest.hpp"

namespace simrun {

std::string program_identity() {
  static const std::string identity = [] {
    const std::string commit = simrun_commit();
    const std::string name = std::string(SIMRUN_VERSION) + " " + commit;
    if (!commit.empty() && !commit.ends_with("-dirty")) return name;
    std::ifstream program("/proc/self/exe", std::ios::binary);
    const std::string contents(std::istreambuf_iterator<char>(program), {});
    return name + " " + hexadecimal(digest(std::as_bytes(std::span(contents))));
  }();
  return identity;
}

}  // namespace simrun
