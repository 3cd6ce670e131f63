#include "sim/system/processor.hpp"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <map>
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

// Read from the kernel's files: on some processors sysconf counts caches of other cores in, and there may be a cache
// for every few cores.
std::size_t last_level_caches() {
  constexpr std::size_t unknown = 32 << 20;
  std::map<std::string, std::size_t> by_sharers;
  for (unsigned cpu = 0; cpu < std::max(1U, std::thread::hardware_concurrency()); ++cpu) {
    std::string sharers;
    std::size_t largest = 0;
    for (int index = 0; index < 8; ++index) {
      const std::string folder =
          "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index" + std::to_string(index);
      std::size_t kibibytes = 0;  // "32768K"
      if (!(std::ifstream(folder + "/size") >> kibibytes) || kibibytes < largest) continue;
      largest = kibibytes;
      std::getline(std::ifstream(folder + "/shared_cpu_list"), sharers);
    }
    by_sharers[sharers] = largest << 10;
  }
  std::size_t total = 0;
  for (const auto& [sharers, bytes] : by_sharers) total += bytes;
  return total > 0 ? total : unknown;
}

}  // namespace simrun
