#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/network/network.hpp"

namespace simrun {

/// What a scenario asks of a SimGrid platform file.
struct PlatformUse {
  std::string file;
  std::vector<std::string> hosts;  ///< by rank; empty: all of the file, in its order
  int count = 0;                   ///< of hosts that are used, the first ones
};

/// By which links may be multiplied, so that SimGrid's clock is fine enough for each of them.
struct LinkFactors {
  double least_bandwidth = 0;
  double most_bandwidth = PlatformFile::most_factor;
  double most_latency = PlatformFile::most_factor;
};

/// What is in a platform file.
struct PlatformContents {
  std::size_t hosts = 0;
  std::string without_unit;  ///< what is said of a bandwidth or latency that is a number alone; empty: none is
  std::string half_duplex;   ///< a link whose bandwidth both directions between two hosts share; empty: none was seen
  LinkFactors factors;
};

/// Throws InputError where the file holds what the simulation does not follow (parameters of SimGrid, programs, links
/// that change or that are wireless), where SimGrid cannot read it, where a host is not in it, or where two of the
/// hosts that are used are not joined: all pairs are looked at among up to 64 hosts; of more, each host and the next,
/// and the first hosts of each two zones. A pair that this leaves out is refused when a message is sent. Uses up the
/// process's cluster: call it in a child process.
PlatformContents check_platform(const PlatformUse& use);

}  // namespace simrun
