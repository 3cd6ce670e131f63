#include "sim/report/report_page.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "kernels/codec.hpp"
#include "sim/report/answer_pages.hpp"
#include "sim/report/report_reader.hpp"
#include "sim/system/data_path.hpp"
#include "sim/system/write_file.hpp"
#include "sim/text/error.hpp"
#include "sim/text/terminal.hpp"

namespace simrun {
namespace {

namespace fs = std::filesystem;

/// The resolved scenarios of the points that were run: the report's are those of failed points, too. None where they
/// cannot be told from each other.
std::vector<const Json*> scenarios_of_points(const Json& report) {
  std::set<Json> failed;
  for (const Json& failure : report["failed"]) failed.insert(failure["point"]);
  std::vector<const Json*> all;
  for (std::size_t i = 0; i < report["resolved"].size(); ++i) {
    if (failed.count(Json(i)) == 0) all.push_back(&report["resolved"][i]);
  }
  return all.size() == report["points"].size() ? all : std::vector<const Json*>{};
}

/// An option in a label: words as they are, others with their key.
std::string option_text(const std::string& key, const Json& value) {
  if (key == "grouping" && value.is_object() && value.contains("bucket") && value["bucket"].is_string())
    return value["bucket"].get<std::string>() + " buckets";
  if (key == "grouping" && value == "model") return "whole model";
  if (key == "grouping" && value == "tensor") return "tensor by tensor";
  if (key == "graph" && value.is_object()) return "edges " + brief(value["edges"]);
  if (value.is_string()) return value.get<std::string>();
  return key + " " + value.dump();
}

/// By name, the options of the method entry behind each point: all that tells it from another entry of the method but
/// for K, which has columns of its own.
std::vector<std::map<std::string, std::string>> method_options(const Json& report) {
  const Json& points = report["points"];
  const auto scenarios = scenarios_of_points(report);
  std::vector<std::map<std::string, std::string>> all(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (const char* column : {"collective", "index", "grouping"}) {
      const Json value = points[i].value(column, Json());
      if (value.is_null()) continue;
      all[i][column] = option_text(column, value);
    }
    if (scenarios.empty()) continue;
    const Json entry = scenarios[i]->value(Json::json_pointer("/methods/0"), Json::object());
    for (const auto& [key, value] : entry.items()) {
      if (key == "name" || key == "k" || key == "density") continue;
      all[i][key] = option_text(key, value);
    }
  }
  return all;
}

/// Each point's method, with those options that take several values among the points of the method.
Json labels(const Json& report) {
  const auto options = method_options(report);
  std::map<std::pair<std::string, std::string>, std::set<std::string>> taken;
  const Json& points = report["points"];
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (const auto& [key, value] : options[i]) taken[{points[i]["method"], key}].insert(value);
  }
  Json all = Json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::string method = points[i]["method"];
    std::string label = method;
    for (const auto& [key, value] : options[i]) {
      if (taken[{method, key}].size() > 1) label += ", " + value;
    }
    all.push_back(label);
  }
  return all;
}

/// Columns of choices about codecs, which labels tell.
Json told_by_labels(const Json& columns) {
  Json all = Json::array();
  for (const CodecParameter* parameter : codec_parameters()) {
    const Json key(parameter->key);
    if (std::ranges::find(columns, key) != columns.end()) all.push_back(key);
  }
  return all;
}

/// The kind of page that a folder of results has, and its data.
std::pair<PageKind, Json> page_of(const std::string& results) {
  const ResultsKind kind = results_kind(results);
  const std::string title = fs::absolute(fs::path(results) / "").lexically_normal().parent_path().filename().string();
  switch (kind) {
    case ResultsKind::training:
      return {training_page, training_page_data(results, title)};
    case ResultsKind::plan:
      return {plan_page, plan_page_data(results, title)};
    case ResultsKind::run:
      break;
  }
  return {run_page, page_data(read_report(results), title)};
}

}  // namespace

Json page_data(const Json& report, const std::string& title) {
  const Json& points = report["points"];
  Json columns = Json::array();
  if (!points.empty()) {
    for (const auto& [name, value] : points.front().items()) columns.push_back(name);
  }
  Json rows = Json::array();
  for (const Json& point : points) {
    Json row = Json::array();
    for (const Json& column : columns) row.push_back(page_cell(point.value(column.get<std::string>(), Json())));
    rows.push_back(std::move(row));
  }
  Json told = told_by_labels(columns);
  Json data = {{"title", page_title(report["scenario"], title)},
               {"columns", std::move(columns)},
               {"rows", std::move(rows)},
               {"labels", labels(report)},
               {"told_by_labels", std::move(told)}};
  for (const char* key : {"scenario", "seed", "versions", "network_model", "devices", "interval", "failed"})
    data[key] = report[key];
  for (const char* key : {"interval_leaves_out", "coding", "memory"}) data[key] = report.value(key, Json::array());
  data["measurement"] = report.value("measurement", Json());
  return data;
}

std::string script_text(const Json& value) {
  std::string text;
  for (const char c : value.dump()) text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return text;
}

void write_report_page(const ReportPageArguments& arguments) {
  const fs::path results(arguments.results);
  const auto [kind, data] = page_of(arguments.results);
  const std::string out = arguments.out.value_or((results / "report.html").string());
  check_writable(out);
  for (const char* name : {"report.json", "points.csv", "training.json", "curves.csv", "summary.csv", "steps.csv",
                           "plan.json", "plan.csv"}) {
    std::error_code missing;
    if (fs::equivalent(out, results / name, missing))
      throw InputError("command line", "--out", "\"" + out + "\" is a result itself", "accepted: another file");
  }
  if (page_template.empty())
    throw std::runtime_error(
        "report needs Chart.js, which was not there when simrun was built; on Debian: apt-get install libjs-chart.js, "
        "and build again");
  std::string page(page_template);
  const auto fill = [&](std::string_view mark, std::string_view text) {
    page.replace(page.find(mark), mark.size(), text);
  };
  fill(page_main_mark, kind.main);
  fill(page_scripts_mark, kind.scripts);
  fill(page_data_mark, script_text(data));
  write_file(out, page);
  say("wrote " + out);
}

}  // namespace simrun
