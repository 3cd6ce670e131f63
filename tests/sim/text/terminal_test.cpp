#include "sim/text/terminal.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "sim/text/csv.hpp"
#include "sim/text/error.hpp"
#include "sim/text/table.hpp"

namespace simrun {

TEST_CASE("terminal: text that moves no cursor stays as it is") {
  for (const char* text : {"", "plain", "µs, Größe, 模型, \U0001F600", "\\n"}) CHECK(visible(text) == text);
}

TEST_CASE("terminal: control characters, marks of direction and bytes that are no text are shown") {
  using std::string_literals::operator""s;
  CHECK(visible("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(visible("\0"s) == "\\u0000");
  CHECK(visible("\x1b[31m\x07\x7f") == "\\u001b[31m\\u0007\\u007f");
  CHECK(visible("\u009b31m\u0085") == "\\u009b31m\\u0085");  // C1, as UTF-8
  CHECK(visible("\x9b") == "\\x9b");                         // C1, as a byte
  CHECK(visible("\u202e\u2066\u200f\u061c\u2028\ufeff") == "\\u202e\\u2066\\u200f\\u061c\\u2028\\ufeff");
  CHECK(visible("\U000E0041") == "\\u{e0041}");
  CHECK(visible("\xc1\x9b") == "\\xc1\\x9b");           // overlong
  CHECK(visible("\xe0\x82\x9b") == "\\xe0\\x82\\x9b");  // overlong
  CHECK(visible("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // half of a surrogate pair
  CHECK(visible("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  CHECK(visible("\xe2\x82") == "\\xe2\\x82");  // cut off
  CHECK(visible_lines("a\n\x1b") == "a\n\\u001b");
}

TEST_CASE("terminal: UTF-8 is told from what is none") {
  CHECK(is_utf8("µ模\U0001F600"));
  for (const char* text : {"\xff", "\xc0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "a\xe2\x82"})
    CHECK_FALSE(is_utf8(text));
  CHECK(as_utf8("a\xff") == "a\uFFFD");
}

TEST_CASE("terminal: long text loses its middle, and no half character is left") {
  CHECK(shortened("abcdef", 6) == "abcdef");
  CHECK(shortened(std::string(20, 'a') + std::string(20, 'b'), 15) == "aaaaa ... bbbbb");
  for (std::size_t most = 5; most < 60; ++most) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += "模";
    CHECK(is_utf8(shortened(text, most)));
    CHECK(shortened(text, most).size() <= most);
  }
  const InputError error(std::string(1 << 20, 'f'), std::string(1 << 20, 'p'), std::string(1 << 20, 'w'), "accepted");
  CHECK(std::string(error.what()).size() < 3000);
}

TEST_CASE("terminal: a table keeps its rows and columns, whatever is in them") {
  Table table({"name", "x"});
  table.add_row({"a\nb\x1b", "1"});
  table.add_row({"µ", "22"});
  CHECK(table.text() ==
        "name         x\n"
        "a\\nb\\u001b   1\n"
        "µ           22\n");
}

TEST_CASE("csv: text that a spreadsheet takes for a formula is marked, and numbers stay numbers") {
  for (const char* formula : {"=1+1", "+1", "-1", "@SUM(A1)", "'=1", "''-x"})
    CHECK(csv_cell(formula) == "'" + std::string(formula));
  CHECK(csv_cell("\t=1") == "'\t=1");
  CHECK(csv_cell("\r") == "\"'\r\"");
  CHECK(csv_cell("=a,b") == "\"'=a,b\"");
  CHECK(csv_cell(-1.5) == "-1.5");
  CHECK(csv_cell(-3) == "-3");
  CHECK(csv_cell("a=b") == "a=b");
  CHECK(csv_cell("'quoted'") == "'quoted'");
}

}  // namespace simrun
