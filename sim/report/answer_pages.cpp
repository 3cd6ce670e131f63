#include "sim/report/answer_pages.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "sim/report/report_reader.hpp"
#include "sim/text/csv_reader.hpp"

namespace simrun {
namespace {

/// Of the rows in training.json, those that the page has a use for. What else there is was swept.
constexpr std::array summary_columns_known = {"method",
                                              "workers",
                                              "k",
                                              "density",
                                              "seeds",
                                              "accuracy",
                                              "accuracy_sd",
                                              "target_accuracy",
                                              "rounds_to_target",
                                              "uplink_bytes_to_target",
                                              "downlink_bytes_to_target",
                                              "simulated_s_to_target",
                                              "pareto",
                                              "entry",
                                              "index",
                                              "error_feedback",
                                              "model",
                                              "learning_rate",
                                              "validation_accuracy",
                                              "diverged"};

Json rows_and_columns(const Json& objects) {
  Json columns = Json::array();
  if (!objects.empty()) {
    for (const auto& [name, value] : objects.front().items()) columns.push_back(name);
  }
  Json rows = Json::array();
  for (const Json& object : objects) {
    Json row = Json::array();
    for (const Json& column : columns) row.push_back(page_cell(object.value(column.get<std::string>(), Json())));
    rows.push_back(std::move(row));
  }
  return {{"columns", columns}, {"rows", rows}};
}

/// What training.json's summary has beside what every summary has.
Json swept_of(const Json& summary) {
  Json swept = Json::array();
  if (summary.empty()) return swept;
  for (const auto& [name, value] : summary.front().items()) {
    if (std::ranges::find(summary_columns_known, std::string_view(name)) == summary_columns_known.end())
      swept.push_back(name);
  }
  return swept;
}

/// A field of a CSV file as it stands in JSON.
Json field_of(const CsvTable& table, std::size_t row, const std::string& column) {
  const auto text = table.text(row, column);
  if (!text) return nullptr;
  const Json value = Json::parse(*text, nullptr, false);
  return value.is_number() || value.is_boolean() ? value : Json(*text);
}

/// The rows of curves.csv with the steps that are reported.
Json reported_curves(const CsvTable& table, const Json& swept) {
  std::vector<std::pair<std::string, std::string>> columns = {{"entry", "entry"},
                                                              {"workers", "workers"},
                                                              {"density", "density"},
                                                              {"model", "model"},
                                                              {"round", "round"},
                                                              {"train_loss", "train_loss"},
                                                              {"test_accuracy", "test_accuracy"},
                                                              {"validation_accuracy", "validation_accuracy"},
                                                              {"uplink_bytes", "sent"},
                                                              {"downlink_bytes", "received"},
                                                              {"simulated_s", "simulated_s"}};
  for (const Json& key : swept) columns.emplace_back(key, key);
  Json names = Json::array();
  for (const auto& [column, name] : columns) names.push_back(name);
  Json rows = Json::array();
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.text(row, "best").value_or("true") == "false") continue;
    Json fields = Json::array();
    for (const auto& [column, name] : columns) fields.push_back(field_of(table, row, column));
    rows.push_back(std::move(fields));
  }
  return {{"columns", names}, {"rows", rows}};
}

}  // namespace

Json page_title(const Json& scenario, const std::string& title) {
  const Json name = scenario.value("name", Json(""));
  return name == "" ? Json(title) : name;
}

Json page_cell(const Json& value) {
  return value.is_primitive() ? value : Json(value.dump());
}

Json training_page_data(const std::string& results, const std::string& title) {
  const Json training = read_training(results);
  const Json swept = swept_of(training["summary"]);
  Json data = {{"title", page_title(training["scenario"], title)},
               {"summary", rows_and_columns(training["summary"])},
               {"steps", rows_and_columns(training["steps"])},
               {"swept", swept},
               {"curves", reported_curves(read_curves(results), swept)}};
  for (const char* key : {"scenario", "versions", "data", "failed"}) data[key] = training[key];
  return data;
}

Json plan_page_data(const std::string& results, const std::string& title) {
  const Json plan = read_plan(results);
  Json data = {{"title", page_title(plan["scenario"], title)}};
  for (const char* key : {"scenario", "versions", "answer", "turns", "points", "interval_leaves_out"})
    data[key] = plan[key];
  data["cluster"] = plan.value("cluster", Json());
  data["alternatives"] = Json::array();
  for (const Json& alternative : plan["alternatives"]) {
    Json shown = Json::object();
    for (const auto& [key, value] : alternative.items()) shown[key] = page_cell(value);
    data["alternatives"].push_back(std::move(shown));
  }
  data["left_out"] = plan["left_out"];
  for (const Json& line : plan["without_target"]) data["left_out"].push_back(line);
  return data;
}

}  // namespace simrun
