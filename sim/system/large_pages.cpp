#include "sim/system/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

namespace simrun {
#ifdef __SANITIZE_ADDRESS__
void use_large_pages() {}  // the sanitizer reserves terabytes, which would be gone through
#else
void use_large_pages() {
  constexpr int collapse = 25;  // MADV_COLLAPSE, which older headers lack
  constexpr std::uintptr_t large_page = std::uintptr_t{2} << 20;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    unsigned long inode = 1;
    // Memory of this process's own, written to and of no file.
    if (std::sscanf(line.c_str(), "%lx-%lx rw-p %*x %*x:%*x %lu", &begin, &end, &inode) != 3 || inode != 0) continue;
    begin = (begin + large_page - 1) / large_page * large_page;
    end = end / large_page * large_page;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, collapse);
  }
}
#endif

}  // namespace simrun
