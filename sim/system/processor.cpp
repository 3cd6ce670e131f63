#include "sim/system/processor.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <thread>

namespace simrun {

unsigned usable_cores() {
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<unsigned>(CPU_COUNT(&cores));
}

Bytes available_memory() {
  std::ifstream info("/proc/meminfo");
  std::string key;
  double kibibytes = 0;
  while (info >> key) {
    if (key == "MemAvailable:" && info >> kibibytes) return Bytes(kibibytes * 1024);
  }
  return Bytes(0);
}

std::string this_processor() {
  std::string name = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!line.starts_with("model name")) continue;
    name = line.substr(line.find(':') + 2);
    break;
  }
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  return name + ", " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

}  // namespace simrun
