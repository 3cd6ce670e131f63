#include "sim/simgrid/flow.hpp"

#include <memory_resource>

namespace simrun {
namespace {

/// Never given back: nobody knows which flow is the last.
std::pmr::memory_resource& flow_pool() {
  static auto* const pool = new std::pmr::unsynchronized_pool_resource;
  return *pool;
}

}  // namespace

Seconds Flow::end() const {
  if (comm == nullptr) return arrival;
  return comm->get_finish_time() >= 0 ? Seconds(comm->get_finish_time()) : never;
}

void* Flow::operator new(std::size_t size) {
  return flow_pool().allocate(size, alignof(Flow));
}

void Flow::operator delete(void* place, std::size_t size) noexcept {
  flow_pool().deallocate(place, size, alignof(Flow));
}

}  // namespace simrun
