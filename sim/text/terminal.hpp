#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace simrun {

// The edge where text that others may have written (names, paths, what files hold) reaches a terminal. JSON and CSV
// keep text as it is.

/// True for UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text);

/// The same with every byte that is no UTF-8 replaced by U+FFFD.
std::string as_utf8(std::string_view text);

/// One line that moves no cursor and changes no order of letters: control characters (C0, DEL, C1), line separators and
/// invisible ones that set the direction of text are written as \n, \t, \u001b or \u{e0001}, bytes that are no UTF-8 as
/// \xff.
std::string visible(std::string_view text);

/// The same with its line ends left as they are.
std::string visible_lines(std::string_view text);

/// Text of more than `most` bytes with its middle left out.
std::string shortened(std::string_view text, std::size_t most);

/// A name in a line or a table: visible, and shortened.
std::string shown_name(std::string_view name);

/// How wide text is in a table: its characters, which count as one column each.
std::size_t width_of(std::string_view text);

/// One visible line on stderr.
void say(std::string_view line);

/// Text for people on stdout, in lines; or data as they are, but on a terminal in the same way.
void print_lines(std::string_view text);
void print_data(std::string_view text);

}  // namespace simrun
