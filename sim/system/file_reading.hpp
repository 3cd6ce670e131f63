#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace simrun {

/// The contents of a regular file of at most `most` bytes. None where there is no such file, where it cannot be read,
/// or where a folder, a pipe, a socket or a device has its name, which is never waited for.
std::optional<std::string> read_regular_file(const std::string& file,
                                             std::size_t most = std::numeric_limits<std::size_t>::max());

/// Hands over the lines of a regular file one by one, without their ends. What has no end is no line, nor is what
/// follows 16 MB without one. None where there is no such file, as above.
void read_lines(const std::string& file, const std::function<void(std::string_view line)>& on_line);

/// True if the first bytes of a regular file are these.
bool regular_file_begins_with(const std::string& file, const std::string& bytes);

/// True if a name is made of `digits` lower-case hexadecimal digits and this ending.
bool is_hexadecimal_name(const std::string& name, std::size_t digits, const std::string& ending);

}  // namespace simrun
