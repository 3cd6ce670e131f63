// What runs leave in a results folder, and what the next run makes of it.

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/system/child_process.hpp"
#include "sim/system/folder_lock.hpp"
#include "sim/system/write_file.hpp"
#include "tests/sim/studies.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// 12 points: three methods, four M.
json sweep() {
  json scenario = tiny_scenario();
  scenario["methods"] = {{{"name", "sgd"}}, {{"name", "top-k"}, {"density", 0.01}}, {{"name", "gtop-k"}, {"k", 7}}};
  scenario["sweep"] = {{"workers", {2, 3, 4, 8}}};
  return scenario;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> lines_of(const std::string& file) {
  std::istringstream text(read_file(file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

/// The lines from number `begin` on.
std::string text_of(const std::vector<std::string>& lines, std::size_t begin = 0) {
  std::string text;
  for (std::size_t i = begin; i < lines.size(); ++i) text += lines[i] + "\n";
  return text;
}

void check_same_report(const std::string& a, const std::string& b) {
  CHECK(read_file(a + "/points.csv") == read_file(b + "/points.csv"));
  CHECK(read_file(a + "/report.json") == read_file(b + "/report.json"));
}

Ended run_in(const TemporaryFolder& folder, const json& scenario, const std::string& options) {
  folder.write("s.json", scenario.dump());
  Ended run = run_program("s.json --format csv " + options, folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  return run;
}

}  // namespace

TEST_CASE("results folder: a run takes over the points that are there, and runs the others") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/out";
  CHECK_THAT(run_in(folder, sweep(), "-o whole").err, Catch::EndsWith("results in whole: 12 points\n"));
  run_in(folder, sweep(), "-o out");
  const std::string segment = out + "/points/" + names_in(out + "/points").at(0);
  std::vector<std::string> lines = lines_of(segment);
  REQUIRE(lines.size() == 12);
  lines[6].replace(20, 4, "oops");
  std::ofstream(segment) << text_of(lines, 5);
  CHECK_THAT(run_in(folder, sweep(), "-o out").err,
             Catch::EndsWith("results in out: 12 points, 6 of them from before\n"));
  check_same_report(out, folder.path() + "/whole");
  CHECK_THAT(run_in(folder, sweep(), "-o out").err, Catch::EndsWith("12 points, 12 of them from before\n"));
  CHECK_THAT(run_in(folder, sweep(), "-o out --fresh").err, Catch::EndsWith("results in out: 12 points\n"));
  check_same_report(out, folder.path() + "/whole");
}

TEST_CASE(
    "results folder: a changed scenario takes over what it shares with the old one and leaves nothing of the rest") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o out");
  json changed = sweep();
  changed["sweep"]["workers"] = {4, 5};
  CHECK_THAT(run_in(folder, changed, "-o out").err,
             Catch::EndsWith("results in out: 6 points, 3 of them from before\n"));
  run_in(folder, changed, "-o fresh");
  check_same_report(folder.path() + "/out", folder.path() + "/fresh");
  CHECK(records_in(folder.path() + "/out/points").size() == 6);
  changed["network"]["latency"] = "60 us";
  CHECK_THAT(run_in(folder, changed, "-o out").err, Catch::EndsWith("results in out: 6 points\n"));
}

TEST_CASE("results folder: traces belong to points, and those of other points go") {
  const TemporaryFolder folder;
  const std::string trace = folder.path() + "/out/trace";
  run_in(folder, sweep(), "-o out --trace");
  REQUIRE(names_in(trace).size() == 12);
  const std::string first = read_file(trace + "/0000-sgd-2.json");
  json changed = sweep();
  changed["compute"]["forward"] = "5 ms";
  changed["sweep"]["workers"] = {2, 3};
  run_in(folder, changed, "-o out --trace");
  CHECK(names_in(trace).size() == 6);
  CHECK(read_file(trace + "/0000-sgd-2.json") != first);
  // Points that are there are run again for their traces alone.
  fs::remove(trace + "/0000-sgd-2.json");
  CHECK_THAT(run_in(folder, changed, "-o out --trace").err, Catch::EndsWith("6 points, 5 of them from before\n"));
  CHECK(names_in(trace).size() == 6);
  run_in(folder, sweep(), "-o out");
  CHECK_FALSE(fs::exists(trace));
}

TEST_CASE("results folder: shards in any order, run twice or not, give the files of one run") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o whole");
  const Ended first = run_in(folder, sweep(), "-o out --shard 3/3");
  CHECK(first.out.empty());
  CHECK_THAT(first.err, Catch::Contains("shard 3/3: done; 4 of 12 points are in out; the other shards, or the same "
                                        "command without --shard, finish\n"));
  CHECK_FALSE(fs::exists(folder.path() + "/out/points.csv"));
  run_in(folder, sweep(), "-o out --shard 1/3");
  CHECK_THAT(run_in(folder, sweep(), "-o out --shard 1/3").err, Catch::Contains("8 of 12 points are in out"));
  const Ended last = run_in(folder, sweep(), "-o out --shard 2/3");
  CHECK(last.out == read_file(folder.path() + "/whole/points.csv"));
  check_same_report(folder.path() + "/out", folder.path() + "/whole");
  CHECK(names_in(folder.path() + "/out") == names_in(folder.path() + "/whole"));
}

TEST_CASE("results folder: a whole run finishes what shards have begun") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o whole");
  run_in(folder, sweep(), "-o out --shard 2/5");
  CHECK_THAT(run_in(folder, sweep(), "-o out").err, Catch::EndsWith("12 points, 3 of them from before\n"));
  check_same_report(folder.path() + "/out", folder.path() + "/whole");
}

TEST_CASE("results folder: more shards than points") {
  const TemporaryFolder folder;
  CHECK_THAT(run_in(folder, sweep(), "-o out --shard 13/13").err, Catch::Contains("0 of 12 points are in out"));
  CHECK(run_program("s.json --dry-run --shard 13/13", folder.path()).out == "0 points\n");
  CHECK_THAT(run_program("s.json --dry-run --shard 1/6", folder.path()).out, Catch::EndsWith("2 points\n"));
}

TEST_CASE("results folder: of two runs at once the second is refused, shards are not") {
  const TemporaryFolder folder;
  folder.write("s.json", sweep().dump());
  const std::string out = folder.path() + "/out";
  fs::create_directory(out);
  {
    const FolderLock lock(out, FolderLock::Kind::shared);
    const Ended whole = run_program("s.json -o out", folder.path());
    CHECK(whole.status == 2);
    CHECK(
        whole.err ==
        "command line: --out: another run is at work in the folder out; accepted: a folder of its own, or --shard with "
        "every run that shares the folder\n");
    CHECK(names_in(out) == std::vector<std::string>{".lock"});
    CHECK(run_program("s.json -o out --shard 1/2", folder.path()).status == 0);
  }
  const FolderLock lock(out, FolderLock::Kind::alone);
  CHECK(run_program("s.json -o out --shard 2/2", folder.path()).status == 2);
}

TEST_CASE("results folder: what killed runs have left half-written goes") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o out");
  folder.write("out/points.csv.1.simrun-part", "method,");
  folder.write("out/points/ab.json.1.simrun-part", "{");
  run_in(folder, sweep(), "-o out");
  CHECK(names_in(folder.path() + "/out") == std::vector<std::string>{".lock", "points", "points.csv", "report.json"});
  CHECK(names_in(folder.path() + "/out/points").size() == 1);
}

TEST_CASE("results folder: a run that is over leaves one segment, one that is shared a segment a run") {
  const TemporaryFolder folder;
  for (const char* shard : {"1/3", "2/3"}) run_in(folder, sweep(), std::string("-o out --shard ") + shard);
  CHECK(names_in(folder.path() + "/out/points").size() == 2);
  run_in(folder, sweep(), "-o out");
  const auto left = names_in(folder.path() + "/out/points");
  CHECK(left.size() == 1);
  CHECK(records_in(folder.path() + "/out/points").size() == 12);
  run_in(folder, sweep(), "-o out");
  CHECK(names_in(folder.path() + "/out/points") == left);
  run_in(folder, sweep(), "-o out --fresh");
  CHECK(names_in(folder.path() + "/out/points").size() == 1);
  CHECK(records_in(folder.path() + "/out/points").size() == 12);
}

TEST_CASE("results folder: a file a point, as versions before wrote them, is read and becomes a segment") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o out");
  const std::string points = folder.path() + "/out/points/";
  const std::string segment = points + names_in(points).at(0);
  for (const std::string& line : lines_of(segment)) {
    const std::string key = json::parse(line)["key"];
    std::ofstream(points + key + ".json") << "{" + line.substr(line.find("\"seal\"")) + "\n";
  }
  fs::remove(segment);
  REQUIRE(names_in(points).size() == 12);
  CHECK_THAT(run_in(folder, sweep(), "-o out").err, Catch::EndsWith("12 points, 12 of them from before\n"));
  CHECK(names_in(points).size() == 1);
  CHECK(records_in(points).size() == 12);
}

TEST_CASE("results folder: shards in folders of their own are merged into the files of one run") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o whole");
  for (const char* shard : {"1", "2", "3"})
    run_in(folder, sweep(), std::string("-o shard-") + shard + " --shard " + shard + "/3");
  const Ended some = run_program("merge s.json shard-1 shard-2 shard-1 -o out", folder.path());
  CHECK(some.status == 1);
  CHECK(some.err == "merge: 8 of 12 points are in out; a run into this folder does the others\n");
  CHECK(some.out.empty());
  CHECK(names_in(folder.path() + "/out") == std::vector<std::string>{".lock", "points"});
  const Ended all = run_program("merge s.json shard-2 shard-3 -o out --format csv", folder.path());
  CHECK(all.status == 0);
  CHECK(all.out == read_file(folder.path() + "/whole/points.csv"));
  CHECK_THAT(all.err, Catch::EndsWith("results in out: 12 points, 12 of them from before\n"));
  check_same_report(folder.path() + "/out", folder.path() + "/whole");
  CHECK(names_in(folder.path() + "/out") == names_in(folder.path() + "/whole"));
  CHECK(records_in(folder.path() + "/out/points").size() == 12);
  CHECK(records_in(folder.path() + "/shard-3/points").size() == 4);
}

TEST_CASE("results folder: a merge takes nothing of other scenarios into the report, and a torn record from nobody") {
  const TemporaryFolder folder;
  run_in(folder, sweep(), "-o whole");
  json other = sweep();
  other["network"]["latency"] = "60 us";
  run_in(folder, other, "-o other");
  run_in(folder, sweep(), "-o shard --shard 2/2");
  const std::string points = folder.path() + "/shard/points/";
  const std::string segment = points + names_in(points).at(0);
  const std::string text = read_file(segment);
  std::ofstream(segment) << text.substr(0, text.size() - 1);  // all but its line end
  folder.write("s.json", sweep().dump());
  const Ended torn = run_program("merge s.json other shard -o out", folder.path());
  CHECK(torn.status == 1);
  CHECK_THAT(torn.err, Catch::StartsWith("merge: 5 of 12 points are in out;"));
  std::ofstream(segment) << text;
  run_in(folder, sweep(), "-o shard --shard 1/2");
  CHECK(run_program("merge s.json other shard -o out", folder.path()).status == 0);
  check_same_report(folder.path() + "/out", folder.path() + "/whole");
  CHECK(records_in(folder.path() + "/out/points").size() == 12);
}

TEST_CASE("results folder: what cannot be appended leaves the file as it was, or none") {
  const TemporaryFolder folder;
  const std::string full = folder.path() + "/full";
  append_to_file(full, "one\n");
  append_to_file(full, "two\n");
  CHECK(read_file(full) == "one\ntwo\n");
  const std::string refused = run_in_child([&] {  // files of at most 10 bytes take a part of what is written
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit most{10, 10};
    ::setrlimit(RLIMIT_FSIZE, &most);
    std::string what;
    for (const std::string& file : {full, folder.path() + "/new"}) {
      try {
        append_to_file(file, "three, four\n");
      } catch (const WriteError& error) {
        what += std::string(error.what()) + "; ";
      }
    }
    return what;
  });
  CHECK(refused ==
        "cannot write " + full + ": File too large; cannot write " + folder.path() + "/new: File too large; ");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"full"});
  CHECK(read_file(full) == "one\ntwo\n");
  fs::create_directory(folder.path() + "/folder");
  CHECK_THROWS_AS(append_to_file(folder.path() + "/folder", "text"), WriteError);
  CHECK_THROWS_AS(append_to_file(folder.path() + "/none/file", "text"), WriteError);
  fs::create_symlink("full", folder.path() + "/link");
  CHECK_THROWS_AS(append_to_file(folder.path() + "/link", "text"), WriteError);
}

TEST_CASE("results folder: a file that cannot be put into place leaves nothing behind") {
  const TemporaryFolder folder;
  folder.write("file", "old");
  write_file(folder.path() + "/file", "new");
  CHECK(read_file(folder.path() + "/file") == "new");
  fs::create_directory(folder.path() + "/folder");
  CHECK_THROWS_AS(write_file(folder.path() + "/folder", "text"), WriteError);
  CHECK_THROWS_WITH(write_file(folder.path() + "/none/file", "text"),
                    "cannot write " + folder.path() + "/none/file: No such file or directory");
  CHECK(names_in(folder.path()) == std::vector<std::string>{"file", "folder"});
}

}  // namespace simrun
