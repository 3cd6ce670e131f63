#include "sim/payloads/shared_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace simrun {
namespace {

std::shared_ptr<std::byte> map_shared(std::size_t bytes) {
  const std::size_t size = std::max<std::size_t>(1, bytes);
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return {static_cast<std::byte*>(memory), [size](std::byte* begin) { ::munmap(begin, size); }};
}

}  // namespace

SharedPlace::SharedPlace(std::size_t bytes) : bytes_(bytes), memory_(map_shared(bytes)) {}

Payload SharedPlace::take(const Payload& payload) {
  const std::size_t room = room_for(payload.size());
  const std::size_t begin = used_.fetch_add(room);
  if (begin + room > bytes_) throw std::bad_alloc();
  std::ranges::copy(payload.bytes(), memory_.get() + begin);
  return payload.moved_to({memory_, memory_.get() + begin});
}

}  // namespace simrun
