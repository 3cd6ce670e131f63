#pragma once

#include <string>
#include <string_view>

#include "sim/text/json_value.hpp"

namespace simrun {

/// Throws InputError if a file is of a kind that users take for another ("is a safetensors file, not a scenario"), with
/// what takes that kind: by its first bytes, however large it is, and of JSON by its keys. `wanted` is what the file
/// should be, `path` where that is said. Returns where the kind is not known, or is the wanted one, or the file cannot
/// be read.
void refuse_other_kind(const std::string& file, const std::string& path, std::string_view wanted);

/// The same by the first bytes alone, for files that are read in full afterwards.
void refuse_other_start(const std::string& file, std::string_view wanted);

/// Parses JSON of a kind: "scenario", "model", "device profile", "report". Throws InputError as parse_json() does, and
/// where the text, or the JSON by its keys, is of another kind.
Json parse_json_of(std::string_view wanted, const std::string& file, const std::string& text);

/// Throws InputError if a folder of results is in place of a scenario.
void refuse_folder_of_results(const std::string& file);

}  // namespace simrun
