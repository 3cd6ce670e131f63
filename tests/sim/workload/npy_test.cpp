#include "sim/workload/npy.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "sim/text/error.hpp"
#include "sim/workload/data_file.hpp"
#include "sim/workload/gradient_file.hpp"
#include "sim/workload/gradients.hpp"
#include "tests/sim/program.hpp"
#include "tests/sim/workload/array_files.hpp"

namespace simrun {
namespace {

using Catch::Matchers::Equals;
using Catch::Matchers::StartsWith;

const std::vector<float> three = {1.5F, -2.0F, 3e-20F};

std::vector<float> read_three(const std::string& path) {
  return read_elements_of(path, 3, 0, 3);
}

/// What is said of a file with these bytes when three elements are wanted, without the file's name.
std::string complaint(const std::string& bytes) {
  const TemporaryFolder folder;
  const std::string path = folder.write("g.npy", bytes);
  try {
    read_three(path);
  } catch (const InputError& e) {
    const std::string line = e.what();
    CHECK(line.find('\n') == std::string::npos);
    CHECK_THAT(line, StartsWith(path + ": "));
    return line.substr(path.size() + 2);
  }
  return "";
}

TEST_CASE("float32 arrays are read in every format version", "[npy]") {
  const TemporaryFolder folder;
  const int version = GENERATE(1, 2, 3);
  const std::string path = folder.write("g.npy", npy(dictionary("<f4", "(3,)"), bytes_of(three), version));
  CHECK(read_three(path) == three);
  CHECK(read_elements_of(path, 3, 1, 2) == std::vector<float>{-2.0F, 3e-20F});
}

TEST_CASE("what is written is read again, and its data begin where NumPy wants them", "[npy]") {
  const TemporaryFolder folder;
  const std::string file = npy_of(three);
  CHECK(file.starts_with(std::string("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, ", 51)));
  CHECK(file.size() == 128 + 3 * sizeof(float));  // 10 bytes and 0x76 of header
  CHECK(read_three(folder.write("g.npy", file)) == three);
}

TEST_CASE("a header may be written in other ways that mean the same", "[npy]") {
  const TemporaryFolder folder;
  const std::string text = GENERATE(as<std::string>(), dictionary("=f4", "(3,)"), dictionary("<f4", "(3,)", "True"),
                                    dictionary("<f4", "(3L,)"), dictionary("<f4", "( 3 , )"),
                                    R"({"shape":(3,),"fortran_order":False,"descr":"<f4"})");
  CAPTURE(text);
  CHECK(read_three(folder.write("g.npy", npy(text, bytes_of(three)))) == three);
}

TEST_CASE("float16 arrays are widened exactly, also from the middle of a long one", "[npy]") {
  const TemporaryFolder folder;
  // 1, -2, the smallest subnormal 2^-24, the largest 65504.
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC000, 0x0001, 0x7BFF};
  std::vector<std::uint16_t> many;
  for (std::size_t i = 0; i < 20000; ++i) many.push_back(halves[i % 4]);
  const std::string path = folder.write("g.npy", npy(dictionary("<f2", "(20000,)"), bytes_of(many)));
  const std::vector<float> expected = {1.0F, -2.0F, 0x1p-24F, 65504.0F};
  const std::vector<float> out = read_elements_of(path, many.size(), 1, many.size() - 1);
  for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(out[i] == expected[(i + 1) % 4]);
}

TEST_CASE("what is no NumPy file is refused", "[npy]") {
  const std::string refused = "header: not a NumPy file; accepted: a .npy, .npz or .safetensors file";
  CHECK(complaint("") == refused);
  CHECK(complaint("\x93NUMPY") == refused);
  CHECK(complaint(std::string(200, 'x')) == refused);
  std::string bytes = npy(dictionary("<f4", "(3,)"), bytes_of(three));
  bytes[6] = 4;  // and what is of another kind says of which
  CHECK(complaint("<?xml version='1.0'?>\n<platform/>") ==
        "file: is a SimGrid platform, not a file of gradients; accepted: a file of gradients; this one goes to "
        "`network.platform` of a scenario");
  CHECK_THAT(complaint(R"({"name": "m", "tensors": []})"), StartsWith("file: is a model, not a file of gradients; "));
  CHECK(complaint(bytes) == "header: format 4.0; accepted: format 1.0, 2.0 or 3.0");
}

TEST_CASE("a header longer than its file is refused before memory is taken for it", "[npy]") {
  std::string bytes = npy(dictionary("<f4", "(3,)"), bytes_of(three), 2);
  bytes[8] = bytes[9] = bytes[10] = bytes[11] = '\xff';
  CHECK(complaint(bytes) ==
        "header: 4294967295 bytes long in a file of 140; accepted: at most 1048576 bytes, within the file");
  bytes = npy(dictionary("<f4", "(3,)"), bytes_of(three));
  CHECK(complaint(bytes.substr(0, 60)) ==
        "header: 118 bytes long in a file of 60; accepted: at most 1048576 bytes, within the file");
}

TEST_CASE("a header that is no dictionary of the three keys is refused", "[npy]") {
  const std::string text = GENERATE(
      as<std::string>(), "", "garbage \x01\xff\n{", "{", "{}", "{'descr': '<f4'", "{'descr': '<f4",
      "{'descr': '<f4', 'fortran_order': False}", "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
      "{'descr': '<f4', 'fortran_order': Perhaps, 'shape': (3,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (3",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "{'descr': 4, 'shape': (3,)}");
  CAPTURE(text);
  CHECK_THAT(complaint(npy(text, bytes_of(three))), StartsWith("header: not understood from its character "));
}

TEST_CASE("bfloat16 arrays, as ml_dtypes names them, are widened exactly, and float64 arrays are rounded", "[npy]") {
  const TemporaryFolder folder;
  const std::string descr = GENERATE(as<std::string>(), "<V2", "|V2", "bfloat16");
  const std::vector<std::uint16_t> halves = {0x3F80, 0xC000, 0x0001};  // 1, -2, the smallest subnormal 2^-133
  CHECK(read_three(folder.write("g.npy", npy(dictionary(descr, "(3,)"), bytes_of(halves)))) ==
        std::vector<float>{1.0F, -2.0F, 0x1p-133F});
  const std::vector<double> doubles = {1.0 + 0x1p-24 + 0x1p-40, -2.5, 1e300};
  CHECK(read_three(folder.write("g.npy", npy(dictionary("<f8", "(3,)"), bytes_of(doubles)))) ==
        std::vector<float>{1.0F + 0x1p-23F, -2.5F, INFINITY});
}

TEST_CASE("other element types are refused", "[npy]") {
  for (const std::string descr : {">f8", ">f4", ">f2", "|f4", "<i4", "|u1", "<V4", ""}) {
    CHECK(complaint(npy(dictionary(descr, "(3,)"), bytes_of(three))) ==
          "header.descr: '" + descr +
              "'; accepted: '<f4', '<f2', '<f8' or '<V2' (little-endian float32, float16, float64, or bfloat16 as "
              "ml_dtypes has it)");
  }
  CHECK_THAT(complaint(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }", bytes_of(three))),
             StartsWith("header.descr: a structured type; accepted: '<f4'"));
}

TEST_CASE("shapes other than the model's number of parameters are refused", "[npy]") {
  const auto [shape, shown] = GENERATE(table<std::string, std::string>({
      {"(4,)", "(4,)"},
      {"(3, 1)", "(3, 1)"},
      {"(0, 3)", "(0, 3)"},
      {"(65537, 3)", "(65537, 3)"},
      {"(1, 1, 3)", "(1, 1, 3)"},
      {"()", "()"},
      {"(1,1,1,1,1,1,1,1,1)", "(1, 1, 1, 1, 1, 1, 1, 1, ..)"},
      {"(18446744073709551615,)", "(18446744073709551615,)"},
  }));
  CHECK(complaint(npy(dictionary("<f4", shape), bytes_of(three))) ==
        "header.shape: " + shown + "; accepted: (3,), the model's parameters, or (M, 3) of M workers");
}

TEST_CASE("rows of an array are workers' gradients; columns of one in Fortran's order are refused", "[npy]") {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("g.npy", npy(dictionary("<f8", "(2, 3)"), bytes_of(std::vector<double>{1, 2, 3, 4, 5, 6})));
  const Model model{"m", {{"a", {3}}}};
  const DataFile file(path);
  const GradientLayout layout(file, model);
  CHECK(layout.workers() == 2);
  std::vector<float> out(2);
  layout.read(file, 1, 1, out);
  CHECK(out == std::vector<float>{5, 6});
  CHECK(complaint(npy(dictionary("<f4", "(1, 3)", "True"), bytes_of(three))).empty());
  CHECK(complaint(npy(dictionary("<f4", "(2, 3)", "True"), bytes_of(three))) ==
        "header.fortran_order: True with shape (2, 3); accepted: False: numpy.ascontiguousarray before it is saved");
}

TEST_CASE("data of another size than the header says is refused", "[npy]") {
  const std::string bytes = npy(dictionary("<f4", "(3,)"), bytes_of(three));
  CHECK(complaint(bytes.substr(0, bytes.size() - 1)) == "data: 11 bytes; accepted: 12 bytes");
  CHECK(complaint(bytes + "x") == "data: 13 bytes; accepted: 12 bytes");
  CHECK(complaint(npy(dictionary("<f2", "(3,)"), bytes_of(three))) == "data: 12 bytes; accepted: 6 bytes");
}

TEST_CASE("a file that gets shorter while it is read is refused", "[npy]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("g.npy", npy(dictionary("<f4", "(3,)"), bytes_of(three)));
  const DataFile file(path);
  const GradientLayout layout(file, {"m", {{"a", {3}}}});
  std::filesystem::resize_file(path, 132);
  std::vector<float> out(3);
  CHECK_THROWS_WITH(layout.read(file, 0, 0, out),
                    Equals(path + ": data: ends at byte 132; accepted: a file that does not change while it is read"));
}

const Model two_tensors = {"small", {{"conv1.weight", {2, 2}}, {"fc.bias", {3}}}};

std::string file_of_two_tensors(const std::vector<float>& values) {
  return npy(dictionary("<f4", "(7,)"), bytes_of(values));
}

std::vector<float> bias(const Gradients& gradients, int worker, unsigned threads = 1) {
  std::vector<float> out(3);
  gradients.fill(worker, 1, threads, out);
  return out;
}

TEST_CASE("a worker's gradient comes from its file, or from the one for all", "[npy]") {
  const TemporaryFolder folder;
  const std::string a = folder.write("a.npy", file_of_two_tensors({0, 1, 2, 3, 4, 5, 6}));
  const std::string b = folder.write("b.npy", file_of_two_tensors({0, 0, 0, 0, 7, 8, 9}));
  const auto each = make_file_gradients("s.json", {a, b}, two_tensors);
  CHECK(bias(*each, 0) == std::vector<float>{4, 5, 6});
  CHECK(bias(*each, 1, 3) == std::vector<float>{7, 8, 9});
  CHECK(each->file(1) == b);
  const auto all = make_file_gradients("s.json", {a}, two_tensors);
  CHECK(bias(*all, 31) == std::vector<float>{4, 5, 6});
  CHECK(all->file(31) == a);
}

TEST_CASE("a long tensor is read the same by any number of threads", "[npy]") {
  const TemporaryFolder folder;
  std::vector<float> values(200'003);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const std::string path = folder.write("g.npy", npy(dictionary("<f4", "(200003,)"), bytes_of(values)));
  const auto gradients = make_file_gradients("s.json", {path}, {"long", {{"w", {200'003}}}});
  for (const unsigned threads : {1U, 2U, 5U}) {
    std::vector<float> out(values.size());
    gradients->fill(0, 0, threads, out);
    CHECK(out == values);
  }
}

TEST_CASE("values that are not finite are refused with their place", "[npy]") {
  const TemporaryFolder folder;
  const float nan = std::nanf(""), infinity = INFINITY;
  const std::string path = folder.write("g.npy", file_of_two_tensors({nan, 1, 2, 3, 4, -infinity, nan}));
  const auto gradients = make_file_gradients("s.json", {path}, two_tensors);
  CHECK_THROWS_WITH(bias(*gradients, 3),
                    Equals(path + ": data: worker 3, tensor fc.bias: infinity at element 1; accepted: finite values"));
  std::vector<float> out(4);
  CHECK_THROWS_WITH(gradients->fill(0, 0, 2, out),
                    Equals(path + ": data: worker 0, tensor conv1.weight: NaN at element 0; accepted: finite values"));
}

TEST_CASE("a file that cannot be opened is the scenario's mistake", "[npy]") {
  const TemporaryFolder folder;
  const std::string good = folder.write("g.npy", file_of_two_tensors({0, 1, 2, 3, 4, 5, 6}));
  const auto refused = [&](const std::string& path, const std::string& why) {
    CHECK_THROWS_WITH(make_file_gradients("s.json", {good, path}, two_tensors),
                      Equals("s.json: gradients.files: cannot open " + path + ": " + why +
                             "; accepted: .npy, .npz or .safetensors files that can be read"));
  };
  refused(folder.path() + "/missing.npy", "No such file or directory");
  refused(folder.path() + "/.", "Is a directory");
  REQUIRE(mkfifo((folder.path() + "/pipe").c_str(), 0600) == 0);
  refused(folder.path() + "/pipe", "not a regular file");  // and does not wait for somebody to write to it
  if (geteuid() == 0) {
    WARN("root may read every file: not tested without permission");
  } else {
    const std::string closed = folder.write("closed.npy", "");
    std::filesystem::permissions(closed, std::filesystem::perms::none);
    refused(closed, "Permission denied");
  }
}

TEST_CASE("bad contents are the file's own mistake, found before any gradient is asked for", "[npy]") {
  const TemporaryFolder folder;
  const std::string path = folder.write("g.npy", npy(dictionary("<f4", "(3,)"), bytes_of(three)));
  CHECK_THROWS_WITH(
      make_file_gradients("s.json", {path}, two_tensors),
      Equals(path + ": header.shape: (3,); accepted: (7,), the model's parameters, or (M, 7) of M workers"));
}

}  // namespace
}  // namespace simrun
