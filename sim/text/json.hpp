#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sim/text/json_value.hpp"

namespace simrun {

/// The contents of a regular file that the user named, or that his files name. Throws InputError, in the name of
/// `file`, at `path` where it cannot be opened, is no regular file, is empty or is larger than `most` bytes.
std::string read_text(const std::string& file, const std::string& path = "file", std::size_t most = 16'000'000);

/// The same for a file of the command line, which may also be standard input or another pipe without a name.
std::string read_argument(const std::string& file);

/// Parses JSON. Throws InputError in the name of `file`: anything but JSON, a NUL, also one in a string, a key that
/// stands twice in an object, nesting deeper than 64.
Json parse_json(const std::string& file, const std::string& text);

/// For files that people compare: a line for each key and for each innermost list.
std::string to_lines(const Json& value);

/// A value as one would write it in a message: short, on one line.
std::string brief(const Json& value);

}  // namespace simrun
