#include "sim/simgrid/unmatched.hpp"

#include <bit>
#include <utility>

namespace simrun {

FlowPtr Unmatched::next(int from, int to, int tag, bool Flow::*asks) {
  const std::uint64_t key =
      (static_cast<std::uint64_t>(tag) << 17 | static_cast<std::uint64_t>(from)) << 17 | static_cast<std::uint64_t>(to);
  const std::size_t at = find(key);
  FlowPtr first = slots_[at].flow;
  if (first != nullptr && !((*first).*asks)) {
    if (first->successor != nullptr)
      slots_[at].flow = std::move(first->successor);
    else
      erase(at);
    (*first).*asks = true;
    return first;
  }
  const FlowPtr made = new Flow;
  made->from = from;
  made->to = to;
  (*made).*asks = true;
  if (first != nullptr) {
    while (first->successor != nullptr) first = first->successor;
    first->successor = made;
    return made;
  }
  slots_[at] = {key, made};
  if (2 * ++taken_ > slots_.size()) grow();
  return made;
}

/// The slot of the key, or the free one where it belongs.
std::size_t Unmatched::find(std::uint64_t key) const {
  std::size_t at = home(key);
  while (slots_[at].flow != nullptr && slots_[at].key != key) at = (at + 1) % slots_.size();
  return at;
}

/// Where the search for the key begins: the upper bits of a product with the golden ratio, but the key's last three as
/// they are.
std::size_t Unmatched::home(std::uint64_t key) const {
  constexpr std::uint64_t side_by_side = 7;
  const int bits = std::countr_zero(slots_.size());
  const std::uint64_t hash = (key & ~side_by_side) * 0x9E3779B97F4A7C15U >> (64 - bits);
  return static_cast<std::size_t>((hash & ~side_by_side) | (key & side_by_side));
}

/// Frees the slot, and moves up what would not be found any more behind a free one.
void Unmatched::erase(std::size_t slot) {
  const std::size_t size = slots_.size();
  std::size_t hole = slot;
  for (std::size_t at = (hole + 1) % size; slots_[at].flow != nullptr; at = (at + 1) % size) {
    const std::size_t from_home = (at - home(slots_[at].key)) % size;
    if (from_home < (at - hole) % size) continue;
    slots_[hole] = std::move(slots_[at]);
    hole = at;
  }
  slots_[hole].flow.reset();
  --taken_;
}

void Unmatched::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  for (Slot& slot : old) {
    if (slot.flow != nullptr) slots_[find(slot.key)] = std::move(slot);
  }
}

}  // namespace simrun
