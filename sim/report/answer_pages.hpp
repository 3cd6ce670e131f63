#pragma once

#include <string>

#include "sim/text/json.hpp"

namespace simrun {

/// What the page of a folder of `simrun train` draws: summary, step sizes and curves as columns and rows, provenance.
/// Throws InputError (report_reader.hpp). `title` is for a scenario without a name.
Json training_page_data(const std::string& results, const std::string& title);

/// Likewise of a folder of `simrun plan`: the answer, alternatives, turns.
Json plan_page_data(const std::string& results, const std::string& title);

/// The scenario's name; `title` where it has none.
Json page_title(const Json& scenario, const std::string& title);

/// A number, text, truth or null; anything else (a swept object) as text.
Json page_cell(const Json& value);

}  // namespace simrun
