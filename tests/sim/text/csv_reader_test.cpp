// CSV files that users or programs have written.

#include "sim/text/csv_reader.hpp"

#include <catch2/catch.hpp>

#include "sim/text/csv.hpp"
#include "sim/text/error.hpp"

namespace simrun {
namespace {

std::string mistake(const std::string& text) {
  try {
    const CsvTable table("f.csv", text);
    for (std::size_t row = 0; row < table.rows(); ++row) table.number(row, "b");
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("csv: fields are read as they were written") {
  for (const char* end : {"\n", "\r\n"}) {
    std::string text = "\xef\xbb\xbf";
    for (const char* line : {"a,b", "x,1", "\"say \"\"so\"\", then\",-2.5e-3", ",", ""})
      text += std::string(line) + end;
    const CsvTable table("f.csv", text);
    REQUIRE(table.rows() == 3);
    CHECK(table.text(0, "a") == "x");
    CHECK(table.number(0, "b") == 1);
    CHECK(table.text(1, "a") == "say \"so\", then");
    CHECK(table.number(1, "b") == -0.0025);
    CHECK_FALSE(table.text(2, "a"));
    CHECK_FALSE(table.number(2, "b"));
    CHECK_FALSE(table.text(0, "c"));
    CHECK(table.has("b"));
  }
  const CsvTable lines("f.csv", "a,b\n\"two\nlines\",1");
  CHECK(lines.text(0, "a") == "two\nlines");
}

TEST_CASE("csv: what the program writes comes back") {
  const std::vector<std::string> texts = {"plain", "with, comma", "with \"quotes\"", "", "two\nlines"};
  std::string text = csv_header({"a"});
  for (const std::string& each : texts) text += csv_line({{"a", each}});
  const CsvTable table("f.csv", text);
  REQUIRE(table.rows() == texts.size() - 1);  // a line with nothing in it is none
  CHECK(table.text(1, "a") == texts[1]);
  CHECK(table.text(2, "a") == texts[2]);
  CHECK(table.text(3, "a") == texts[4]);
}

TEST_CASE("csv: mistakes are told with their line") {
  CHECK(mistake("a,b\n") == "f.csv: line 1: no line follows; accepted: a line of column names, and lines of values");
  CHECK(mistake("a,a\n1,2\n") == "f.csv: line 1: the column \"a\" stands there twice; accepted: names that differ");
  CHECK(mistake("a,b\n1,2\n1\n") == "f.csv: line 3: has 1 fields; accepted: 2, as the first line has names");
  CHECK(mistake("a,b\n\"1,2\n") == "f.csv: line 2: a quoted field does not end; accepted: a quote at its end");
  CHECK(mistake("a,b\n\"1\"x,2\n") == "f.csv: line 2: a quoted field goes on after its quote; accepted: a comma there");
  CHECK(mistake("a,b\n\"1\n\",2\n3,x\n") == "f.csv: line 4: b is \"x\"; accepted: a finite number");
  CHECK(mistake("a,b\n1,inf\n") == "f.csv: line 2: b is \"inf\"; accepted: a finite number");
}

}  // namespace simrun
