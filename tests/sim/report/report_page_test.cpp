// The page of `simrun report`, but for what only a browser can tell: tests/report_page.py has that.

#include "sim/report/report_page.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "tests/sim/program.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

Json point(const std::string& method, const std::string& collective, const Json& index = nullptr) {
  return {{"method", method}, {"workers", 4}, {"index", index}, {"collective", collective}, {"iteration_s", 0.25}};
}

/// As far as page_data() looks: a point for each of these and, if it is given, its entry among the methods.
Json report_of(const Json& points, const Json& entries) {
  Json resolved = Json::array();
  for (const Json& entry : entries) resolved.push_back({{"methods", {entry}}});
  return {{"scenario", Json::object()}, {"resolved", resolved},     {"seed", 1},
          {"versions", Json::object()}, {"network_model", "ideal"}, {"devices", Json::array()},
          {"interval", Json::array()},  {"points", points},         {"failed", Json::array()}};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++times;
  return times;
}

std::string scenario(const std::string& name) {
  return Json({{"name", name},
               {"workers", 4},
               {"model", {{"name", "small"}, {"tensors", {{{"name", "a"}, {"shape", {1000}}}}}}},
               {"batch_per_worker", 8},
               {"compute", {{"forward", "4 ms"}, {"backward", "6 ms"}}},
               {"network", {{"bandwidth", "1 Gbps"}, {"latency", "50 us"}}},
               {"methods", {{{"name", "sgd"}}, {{"name", "top-k"}, {"density", 0.01}}}}})
      .dump();
}

}  // namespace

TEST_CASE("report page: a method is labelled with the options that tell its entries apart") {
  const Json points = {point("sgd", "ring"), point("sgd", "ring"), point("top-k", "allgather-ring", "raw32"),
                       point("top-k", "allgather-ring", "delta")};
  const Json entries = {{{"name", "sgd"}, {"precision", "fp32"}, {"collective", "ring"}},
                        {{"name", "sgd"}, {"precision", "fp16"}, {"collective", "ring"}},
                        {{"name", "top-k"}, {"density", 0.1}, {"index", "raw32"}},
                        {{"name", "top-k"}, {"density", 0.2}, {"index", "delta"}}};
  CHECK(page_data(report_of(points, entries), "")["labels"] ==
        Json({"sgd, fp32", "sgd, fp16", "top-k, raw32", "top-k, delta"}));
  // A point that failed has a scenario, but no row.
  Json without_second = report_of({points[0], points[2], points[3]}, entries);
  without_second["failed"].push_back({{"point", 1}});
  CHECK(page_data(without_second, "")["labels"] == Json({"sgd", "top-k, raw32", "top-k, delta"}));
  Json without_third = report_of({points[0], points[1], points[3]}, entries);
  without_third["failed"].push_back({{"point", 2}});
  CHECK(page_data(without_third, "")["labels"] == Json({"sgd, fp32", "sgd, fp16", "top-k"}));
  // Where it is not known which scenario is whose, columns alone remain.
  CHECK(page_data(report_of(points, {entries[0]}), "")["labels"] ==
        Json({"sgd", "sgd", "top-k, raw32", "top-k, delta"}));
  CHECK(page_data(report_of({points[0], points[2]}, {entries[0], entries[2]}), "")["labels"] == Json({"sgd", "top-k"}));
}

TEST_CASE("report page: groupings that entries have of their own are in the label") {
  Json points = {point("sgd", "ring"), point("sgd", "ring"), point("top-k", "allgather-ring")};
  points[0]["grouping"] = "model";
  points[1]["grouping"] = {{"bucket", "25 MB"}};
  points[2]["grouping"] = "model";
  CHECK(page_data(report_of(points, Json::array()), "")["labels"] ==
        Json({"sgd, whole model", "sgd, 25 MB buckets", "top-k"}));
}

TEST_CASE("report page: data are rows by column, swept objects are text") {
  Json first = point("sgd", "ring");
  first["schedule.grouping"] = "model";
  Json second = point("sgd", "ring");
  second["schedule.grouping"] = {{"bucket", "25 MB"}};
  const Json data = page_data(report_of({first, second}, Json::array()), "folder");
  CHECK(data["title"] == "folder");
  CHECK(data["columns"] == Json({"method", "workers", "index", "collective", "iteration_s", "schedule.grouping"}));
  CHECK(data["rows"][0] == Json({"sgd", 4, nullptr, "ring", 0.25, "model"}));
  CHECK(data["rows"][1][5] == R"({"bucket":"25 MB"})");
}

TEST_CASE("report page: no text ends the script element that holds it, and all of it comes back") {
  const Json hostile = R"(</script><!--<b>"'&é)";
  CHECK(script_text(hostile).find('<') == std::string::npos);
  CHECK(Json::parse(script_text(hostile)) == hostile);
}

TEST_CASE("report page: one file, the same every time, whatever the scenario is called") {
  if (page_template.empty()) {
    WARN("skipped: built without Chart.js");
    return;
  }
  const TemporaryFolder folder;
  folder.write("plain.json", scenario("plain"));
  folder.write("hostile.json", scenario(R"(</script><script>alert("1")</script>)"));
  for (const std::string name : {"plain", "hostile"}) {
    REQUIRE(run_program(name + ".json", folder.path()).status == 0);
    const Ended first = run_program("report results/" + name, folder.path());
    INFO(first.err);
    REQUIRE(first.status == 0);
    CHECK(first.out.empty());
    REQUIRE(run_program("report results/" + name + "/ -o again.html", folder.path()).status == 0);
    CHECK(read_file(folder.path() + "/again.html") == read_file(folder.path() + "/results/" + name + "/report.html"));
  }
  std::set<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder.path() + "/results/plain"))
    files.insert(entry.path().filename());
  CHECK(files == std::set<std::string>{".lock", "points", "points.csv", "report.html", "report.json"});
  const std::string page = read_file(folder.path() + "/results/hostile/report.html");
  CHECK(count(page, "</script>") == count(read_file(folder.path() + "/results/plain/report.html"), "</script>"));
  CHECK(count(page, std::string(page_data_mark)) == 0);
}

TEST_CASE("report page: a report larger than a scenario may be", "[large]") {
  if (page_template.empty()) {
    WARN("skipped: built without Chart.js");
    return;
  }
  const TemporaryFolder folder;
  folder.write("s.json", scenario("large"));
  REQUIRE(run_program("s.json -o r", folder.path()).status == 0);
  Json report = Json::parse(read_file(folder.path() + "/r/report.json"));
  report["scenario"]["name"] = std::string(17'000'000, 'x');
  folder.write("r/report.json", report.dump());
  CHECK(run_program("report r", folder.path()).status == 0);
}

}  // namespace simrun
