#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/text/fields.hpp"
#include "sim/text/json.hpp"

namespace simrun {

/// One of several words, each with a line for editors to show beside it.
template <class T>
Field<T> explained(std::vector<std::pair<std::string, T>> words, Json summaries) {
  auto field = choice(std::move(words));
  field.schema["enumDescriptions"] = std::move(summaries);
  return field;
}

template <class Entry>
Field<const Entry*> entry_of(std::span<const Entry> table) {
  std::vector<std::pair<std::string, const Entry*>> words;
  Json summaries = Json::array();
  for (const Entry& entry : table) {
    words.emplace_back(entry.name, &entry);
    summaries.push_back(entry.summary);
  }
  return explained(std::move(words), std::move(summaries));
}

}  // namespace simrun
