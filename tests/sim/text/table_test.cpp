#include "sim/text/table.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace simrun {
namespace {

std::size_t widest_line(const std::string& text) {
  std::size_t most = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    most = std::max(most, width_of(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return most;
}

}  // namespace

TEST_CASE("table: a first column too wide for a page is broken at commas, the others stay whole") {
  const std::string long_name = "a method, " + std::string(30, 'b') + ", " + std::string(30, 'c');
  Table table({"name", std::string(60, 'h')});
  table.add_row({long_name, "1"});
  table.add_break();
  table.add_row({"short", "2"});
  CHECK(widest_line(table.text()) == long_name.size() + 2 + 60);
  table.fit_page();
  const auto row = [](const std::string& first, const std::string& second) {
    return first + std::string(41 + 2 + 60 - first.size() - second.size(), ' ') + second + "\n";
  };
  CHECK(table.text() == row("name", std::string(60, 'h')) + row("a method, " + std::string(30, 'b') + ",", "1") + "  " +
                            std::string(30, 'c') + "\n\n" + row("short", "2"));
}

TEST_CASE("table: one that fits a page is left as it is, and one that cannot fit keeps 20 characters of names") {
  Table narrow({"name", "value"});
  narrow.add_row({"a, b, c", "1"});
  const std::string before = narrow.text();
  narrow.fit_page();
  CHECK(narrow.text() == before);
  Table wide({"name", std::string(200, 'h')});
  wide.add_row({"first, second, third, fourth", "1"});
  wide.fit_page();
  CHECK(wide.text().find("\nfirst, second,") != std::string::npos);
  CHECK(wide.text().find("\n  third, fourth\n") != std::string::npos);
}

TEST_CASE("table: columns that do not fit beside each other follow below, after the first ones again") {
  const std::string h(50, 'h');
  Table table({"name", "M", h, h, h});
  table.add_row({"a", "1", "2", "3", "4"});
  table.add_row({"of one cell"});
  const std::string gap(49, ' ');
  table.fit_page(2);
  CHECK(table.text() == "name         M  " + h + "  " + h + "\na            1  " + gap + "2  " + gap +
                            "3\nof one cell\n\nname         M  " + h + "\na            1  " + gap + "4\nof one cell\n");
}

TEST_CASE("table: text is broken at spaces into lines of a page") {
  CHECK(wrapped("short text", 4) == "short text");
  const std::string word(50, 'w');
  CHECK(wrapped("  " + word + " " + word + " " + word, 4) == "  " + word + " " + word + "\n    " + word);
  const std::string too_long(200, 'w');
  CHECK(wrapped("a " + too_long + " b", 2) == "a\n  " + too_long + "\n  b");
  // A percent sign is not torn from its number: as many characters fit as a page has.
  const std::string long_word(113, 'w');
  CHECK(wrapped(long_word + " 12.3 %, b", 0) == long_word + "\n12.3 %, b");
}

}  // namespace simrun
