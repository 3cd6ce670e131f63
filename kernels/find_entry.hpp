#pragma once

#include <span>
#include <string_view>

namespace simrun {

/// The entry of a table that is called `name`, or null.
template <class Entry>
const Entry* find_entry(std::span<const Entry> table, std::string_view name) {
  for (const Entry& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace simrun
