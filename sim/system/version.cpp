#include "sim/system/version.hpp"

#include <array>
#include <fstream>
#include <span>

#include "sim/system/digest.hpp"

namespace simrun {

std::string program_identity() {
  static const std::string identity = [] {
    const std::string commit = simrun_commit();
    const std::string name = std::string(SIMRUN_VERSION) + " " + commit;
    if (!commit.empty() && !commit.ends_with("-dirty")) return name;
    std::ifstream program("/proc/self/exe", std::ios::binary);
    DigestStream contents;
    std::array<char, 65536> buffer;
    while (program.read(buffer.data(), buffer.size()), program.gcount() > 0)
      contents.add(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(program.gcount()))));
    return name + " " + hexadecimal(contents.digest());
  }();
  return identity;
}

}  // namespace simrun
