#include "sim/text/terminal.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace simrun {
namespace {

/// A character, and how many bytes it takes; 0 bytes where there is none.
struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

/// The character at the front of text that is not empty. Source: table 3-7 of the Unicode Standard.
Character front(std::string_view text) {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[i])}; };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (bytes == 0 || bytes > text.size()) return {};
  std::uint32_t code = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if (byte(i) >> 6 != 2) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (overlong || surrogate || code > 0x10FFFF) return {};
  return {code, bytes};
}

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};

/// What a terminal obeys instead of showing it.
constexpr CodeRange obeyed[] = {
    {0x00, 0x1F},      {0x7F, 0x9F},      // C0, DEL, C1
    {0x061C, 0x061C},  {0x200E, 0x200F},  // marks of direction
    {0x2028, 0x202E},                     // line ends, embeddings and overrides of direction
    {0x2060, 0x206F},                     // isolates of direction, and others that are invisible
    {0xFEFF, 0xFEFF},  {0xFFF9, 0xFFFB},  // byte order mark, annotations
    {0xE0000, 0xE007F}                    // tags
};

bool is_obeyed(std::uint32_t code) {
  return std::any_of(std::begin(obeyed), std::end(obeyed),
                     [code](const CodeRange& range) { return range.first <= code && code <= range.last; });
}

std::string escape(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  return code > 0xFFFF ? fmt::format("\\u{{{:x}}}", code) : fmt::format("\\u{:04x}", code);
}

/// Calls `good` with each character's code and bytes, `bad` with each byte that is part of none.
template <class Good, class Bad>
void for_each_character(std::string_view text, const Good& good, const Bad& bad) {
  while (!text.empty()) {
    const Character character = front(text);
    if (character.bytes == 0) {
      bad(static_cast<unsigned char>(text.front()));
    } else {
      good(character.code, text.substr(0, character.bytes));
    }
    text.remove_prefix(std::max<std::size_t>(1, character.bytes));
  }
}

std::string escaped(std::string_view text, bool (*is_kept)(std::uint32_t code)) {
  std::string all;
  all.reserve(text.size());
  for_each_character(
      text,
      [&](std::uint32_t code, std::string_view bytes) {
        if (is_kept(code)) {
          all += bytes;
        } else {
          all += escape(code);
        }
      },
      [&](unsigned byte) { all += fmt::format("\\x{:02x}", byte); });
  return all;
}

/// True where a character of several bytes is cut before byte `at`.
bool is_inside(std::string_view text, std::size_t at) {
  return at < text.size() && static_cast<unsigned char>(text[at]) >> 6 == 2;
}

void write(std::string_view text, std::FILE* to) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

}  // namespace

bool is_utf8(std::string_view text) {
  bool good = true;
  for_each_character(
      text, [](std::uint32_t, std::string_view) {}, [&](unsigned) { good = false; });
  return good;
}

std::string as_utf8(std::string_view text) {
  std::string all;
  for_each_character(
      text, [&](std::uint32_t, std::string_view bytes) { all += bytes; }, [&](unsigned) { all += "\uFFFD"; });
  return all;
}

std::string visible(std::string_view text) {
  return escaped(text, [](std::uint32_t code) { return !is_obeyed(code); });
}

std::string visible_lines(std::string_view text) {
  return escaped(text, [](std::uint32_t code) { return code == '\n' || !is_obeyed(code); });
}

std::string shortened(std::string_view text, std::size_t most) {
  constexpr std::string_view gap = " ... ";
  if (text.size() <= most) return std::string(text);
  const std::size_t left = most > gap.size() ? most - gap.size() : 0;
  std::size_t head = (left + 1) / 2;
  std::size_t tail = text.size() - left / 2;
  while (head > 0 && is_inside(text, head)) --head;
  while (is_inside(text, tail)) ++tail;
  return std::string(text.substr(0, head)) + std::string(gap) + std::string(text.substr(tail));
}

std::string shown_name(std::string_view name) {
  constexpr std::size_t longest = 200;
  return shortened(visible(shortened(name, 2 * longest)), longest);
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for_each_character(
      text, [&](std::uint32_t, std::string_view) { ++width; }, [&](unsigned) { ++width; });
  return width;
}

void say(std::string_view line) {
  write(visible(line) + "\n", stderr);
}

void print_lines(std::string_view text) {
  write(visible_lines(text), stdout);
}

void print_data(std::string_view text) {
  ::isatty(STDOUT_FILENO) != 0 ? print_lines(text) : write(text, stdout);
}

}  // namespace simrun
