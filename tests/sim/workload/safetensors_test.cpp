// Headers of safetensors files, sound and hostile, and the models that they are.

#include "sim/workload/safetensors.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "sim/scenario/model_file.hpp"
#include "sim/text/error.hpp"
#include "sim/text/natural_order.hpp"
#include "sim/workload/data_file.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/workload/array_files.hpp"

namespace simrun {
namespace {

using Catch::Matchers::StartsWith;

/// What is said of a file, without its name.
std::string complaint_of_header(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::string path = folder.write("m.safetensors", bytes);
  try {
    safetensors_of(DataFile(path));
  } catch (const InputError& error) {
    const std::string line = error.what();
    CHECK(line.find('\n') == std::string::npos);
    CHECK_THAT(line, StartsWith(path + ": "));
    return line.substr(path.size() + 2);
  }
  return "";
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

}  // namespace

TEST_CASE("tensors come in the order of their data, whatever the header's order") {
  const TemporaryFolder folder;
  const std::string header = R"({"__metadata__":{"format":"pt"},)" + entry("b", "F32", "[2,3]", "[10,34]") + "," +
                             entry("c", "I64", "[]", "[2,10]") + "," + entry("a", "BF16", "[1]", "[0,2]") + "}  ";
  const std::string path = folder.write("m.safetensors", safetensors(header, 34));
  const auto tensors = safetensors_of(DataFile(path));
  REQUIRE(tensors.size() == 3);
  CHECK(tensors[0].name == "a");
  CHECK(tensors[0].begin == 8 + header.size());
  CHECK(tensors[1].shape.empty());
  CHECK(tensors[1].bytes == 8);
  CHECK(tensors[2].shape == std::vector<std::uint64_t>{2, 3});
  CHECK(tensors[2].begin == 8 + header.size() + 10);
}

TEST_CASE("a header that does not fit its file is refused before memory is taken for it") {
  CHECK_THAT(complaint_of_header(""), StartsWith("header: the file has 0 bytes; accepted: "));
  CHECK_THAT(complaint_of_header(std::string(7, '\0')), StartsWith("header: the file has 7 bytes; accepted: "));
  std::string file = safetensors("{}", 0);
  file[7] = '\x7f';
  CHECK_THAT(complaint_of_header(file),
             StartsWith("header: 9151314442816847874 bytes long in a file of 10; accepted: "));
  file = safetensors("{}", 0);
  file[0] = 3;
  CHECK_THAT(complaint_of_header(file), StartsWith("header: 3 bytes long in a file of 10; accepted: at most 16 MB"));
  CHECK_THAT(complaint_of_header(safetensors(" {}", 0)), StartsWith("header: does not begin with {"));
  CHECK_THAT(complaint_of_header(safetensors("{", 0)), StartsWith("header: line 1, column 2: not JSON"));
  CHECK_THAT(complaint_of_header(safetensors("{}", 1)), StartsWith("data: 1 bytes; accepted: 0 bytes"));
}

TEST_CASE("entries that do not fit are refused by name") {
  const auto [entries, said] = GENERATE(table<std::string, std::string>({
      {entry("a", "F33", "[1]", "[0,4]"), "header: a.dtype: is \"F33\"; "},
      {entry("a", "F32", "[1]", "[0,8]"), "header: a.data_offsets: 8 bytes; accepted: 4"},
      {entry("a", "F32", "[-1]", "[0,4]"), "header: a.shape: is [-1]; "},
      {entry("a", "F32", "[0.5]", "[0,2]"), "header: a.shape: is [0.5]; "},
      {entry("a", "F32", "4", "[0,4]"), "header: a.shape: is 4; "},
      {entry("a", "F32", "[4294967296,4294967296]", "[0,0]"), "header: a.shape: is [4294967296,4294967296]; "},
      {entry("a", "F4", "[3]", "[0,1]"), "header: a.shape: ends within a byte; "},
      {entry("a", "F32", "[1]", "[4,0]"), "header: a.data_offsets: are [4,0]; "},
      {entry("a", "F32", "[1]", "[0,4,8]"), "header: a.data_offsets: are [0,4,8]; "},
      {entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[2,6]"),
       "header: b.data_offsets: begin at 2, what is before them ends at 4; "},
      {entry("a", "F32", "[1]", "[0,4]") + "," + entry("b", "F32", "[1]", "[0,4]"),
       "header: b.data_offsets: begin at 0, what is before them ends at 4; "},
      {entry("b", "F32", "[1]", "[2,6]"), "header: b.data_offsets: begin at 2, what is before them ends at 0; "},
      {entry("a", "F32", "[1]", "[0,4]") + "," + entry("a", "F32", "[1]", "[4,8]"), "header: a: key given twice; "},
      {entry("a", "F32", "[1]", "[18446744073709551612,18446744073709551615]"), "header: a.data_offsets: 3 bytes; "},
      {R"("a":{"dtype":"F32","shape":[1]})", "header: a.data_offsets: is missing; "},
      {R"("a":{"shape":[1],"data_offsets":[0,4]})", "header: a.dtype: is missing; "},
      {R"("a":[1])", "header: a: is [1]; "},
      {R"("a":)" + std::string(100, '[') + std::string(100, ']'), "header: file: nested too deeply; "},
  }));
  CAPTURE(entries);
  CHECK_THAT(complaint_of_header(safetensors("{" + entries + "}", 8)), StartsWith(said));
}

TEST_CASE("numbers within names count by their value") {
  const std::vector<std::string> sorted = {"",       "a",      "h.1.b", "h.2", "h.02.a", "h.2.a",
                                           "h.10.a", "h.10.b", "h.a",   "h10", "i"};
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (std::size_t j = 0; j < sorted.size(); ++j) {
      CAPTURE(sorted[i], sorted[j]);
      CHECK(comes_before(sorted[i], sorted[j]) == (i < j));
    }
  }
}

TEST_CASE("the model of a safetensors file are its parameters by name, and what was assumed is told") {
  const TemporaryFolder folder;
  const std::string header =
      "{" + entry("h.10.w", "F16", "[2,2]", "[0,8]") + "," + entry("h.2.scale", "F32", "[]", "[8,12]") + "," +
      entry("h.2.running_mean", "F32", "[1]", "[12,16]") + "," + entry("h.2.steps", "I32", "[1]", "[16,20]") + "}";
  const Model model = read_model(folder.write("gpt.safetensors", safetensors(header, 20)));
  CHECK(model.name == "gpt");
  REQUIRE(model.tensors.size() == 2);
  CHECK(read_model(folder.write("0f3a", safetensors(header, 20))).elements() == 5);  // as caches call them
  CHECK(model.tensors[0].name == "h.2.scale");
  CHECK(model.elements() == 5);
  CHECK_THAT(model.assumed,
             Catch::Contains("left out: 2 that no gradient has") && Catch::EndsWith("h.2.running_mean the first"));
}

TEST_CASE("the files of an index lie beside it and have what it says") {
  const TemporaryFolder folder;
  folder.write("1.safetensors", safetensors("{" + entry("b", "F32", "[1]", "[0,4]") + "}", 4));
  folder.write(
      "2.safetensors",
      safetensors("{" + entry("a", "F32", "[2]", "[0,8]") + "," + entry("other", "F32", "[1]", "[8,12]") + "}", 12));
  const auto read = [&](const std::string& map) {
    return read_model(folder.write("m.safetensors.index.json", R"({"weight_map":)" + map + "}"));
  };
  const Model model = read(R"({"b":"1.safetensors","a":"2.safetensors"})");
  CHECK(model.name == "m");
  CHECK(model.elements() == 3);
  CHECK(model.tensors[0].name == "a");
  CHECK_THROWS_WITH(read(R"({"c":"1.safetensors"})"), Catch::Contains("weight_map.c: is not in "));
  CHECK_THROWS_WITH(read(R"({"b":"../1.safetensors"})"),
                    Catch::Contains("weight_map.b: is \"../1.safetensors\"; accepted: "
                                    "the name of a file beside the index"));
  CHECK_THROWS_WITH(read(R"({"b":"3.safetensors"})"), Catch::Contains("weight_map: cannot open "));
  CHECK_THROWS_WITH(read("{}"), Catch::Contains("weight_map: is {}; accepted: "));
}

}  // namespace simrun
